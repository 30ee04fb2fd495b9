/** A service account's token; the emulator reads its claims and does not check its signature. */
export function webIdentityToken(issuerHost: string, subject: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss: `https://${issuerHost}`, sub: subject, aud: 'sts.amazonaws.com' })}.`;
}
