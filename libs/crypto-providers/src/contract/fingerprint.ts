import { createHash, type KeyObject } from 'node:crypto';

/** Id and public key of the key-encryption key with this public half. */
export function publicKeyFacts(publicKey: KeyObject): { readonly id: string; readonly publicKey: string } {
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return { id: fingerprint(spki), publicKey: spki.toString('base64') };
}

/** The same of a key that has no public half: its id is `sha256:` + hex of SHA-256 over its full resource name. */
export function resourceFacts(resourceName: string): { readonly id: string; readonly publicKey: null } {
  return { id: fingerprint(Buffer.from(resourceName, 'utf8')), publicKey: null };
}

/** `sha256:` + hex of SHA-256 over the SPKI DER, or over the name. */
function fingerprint(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
