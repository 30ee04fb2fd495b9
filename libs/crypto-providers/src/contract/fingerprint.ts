import { createHash, type KeyObject } from 'node:crypto';

/** The id of the key-encryption key with this public key: `sha256:` + hex of SHA-256 over its SPKI DER. */
export function publicKeyFingerprint(publicKey: KeyObject): string {
  return fingerprint(publicKey.export({ format: 'der', type: 'spki' }));
}

/** The id of a key that has no public half: `sha256:` + hex of SHA-256 over its full resource name. */
export function resourceFingerprint(resourceName: string): string {
  return fingerprint(Buffer.from(resourceName, 'utf8'));
}

function fingerprint(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
