import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { promisify } from 'node:util';

/** One RSA signing key of an issuer. */
export interface IssuerKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** What a token says beyond the good default; `undefined` leaves a member out. */
export interface TokenOverrides {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  /** Exact text in place of the header's JSON: duplicates, odd spellings. */
  readonly headerText?: string;
  /** Exact text in place of the claims' JSON. */
  readonly claimsText?: string;
  /** Signs with another key. */
  readonly key?: IssuerKey;
  /** Makes the signature; RS256 without it. */
  readonly signer?: (signingInput: string) => Uint8Array;
}

/** A fresh RSA key with a `kid` of its own. */
export function makeIssuerKey(bits = 2048, kid: string = randomUUID()): IssuerKey {
  return { kid, ...generateKeyPairSync('rsa', { modulusLength: bits }) };
}

/** The key's JWKS entry (RFC 7517, section 4). */
export function publicJwk(key: IssuerKey): Record<string, unknown> {
  return { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig', alg: 'RS256' };
}

/** Base64url without padding (RFC 7515, section 2). */
export const base64url = (data: string | Uint8Array): string => Buffer.from(data).toString('base64url');

/** Signs the texts as they are, right or wrong. */
export function signToken(key: IssuerKey, issuer: string, overrides: TokenOverrides = {}): string {
  const input = signingInput(key, issuer, overrides);
  const signer = overrides.signer ?? ((text) => sign('sha256', Buffer.from(text), (overrides.key ?? key).privateKey));
  return `${input}.${base64url(signer(input))}`;
}

const signInThreadPool = promisify<string, Buffer, KeyObject, Buffer>(sign);

/** The same on the threads of libuv: thousands of tokens take every core, not one. */
export async function signTokenOnThreads(
  key: IssuerKey,
  issuer: string,
  overrides: TokenOverrides = {},
): Promise<string> {
  const input = signingInput(key, issuer, overrides);
  return `${input}.${base64url(await signInThreadPool('sha256', Buffer.from(input), key.privateKey))}`;
}

function signingInput(key: IssuerKey, issuer: string, overrides: TokenOverrides): string {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'RS256', kid: (overrides.key ?? key).kid, typ: 'at+jwt', ...overrides.header };
  const claims = {
    iss: issuer,
    nbf: now,
    exp: now + 3600,
    sub: '0b8a5e5c-6b1f-4d0b-9d2a-5f1c2e3d4a5b',
    scope: ['api', 'offline_access'],
    amr: ['external'],
    ...overrides.claims,
  };
  return [overrides.headerText ?? JSON.stringify(header), overrides.claimsText ?? JSON.stringify(claims)]
    .map(base64url)
    .join('.');
}
