import { createHash, type KeyObject } from 'node:crypto';

/** What names the key-encryption key with this public key: `sha256:` + hex of SHA-256 over its SPKI DER, and that DER in base64. */
export function publicKeyFacts(publicKey: KeyObject): { readonly id: string; readonly publicKey: string } {
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return { id: fingerprint(spki), publicKey: spki.toString('base64') };
}

/** The id of a key that has no public half: `sha256:` + hex of SHA-256 over its full resource name. */
export function resourceFingerprint(resourceName: string): string {
  return fingerprint(Buffer.from(resourceName, 'utf8'));
}

function fingerprint(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
