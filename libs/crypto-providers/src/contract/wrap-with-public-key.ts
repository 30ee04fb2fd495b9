import { createPublicKey } from 'node:crypto';
import { requireDataKey } from './data-key-wrapper.js';
import { encryptWithPublicKey, oaepAlgorithms, type OaepHash } from './rsa-oaep.js';

/** A key-encryption key as others know it, who cannot ask its provider. */
export interface PublicKeyEncryptionKey {
  /** The algorithm of its wrappings. */
  readonly algorithm: string;
  /** Base64 of the SPKI DER; null for a symmetric key. */
  readonly publicKey: string | null;
}

const hashes: Readonly<Record<string, OaepHash>> = {
  ...oaepAlgorithms.jose,
  ...oaepAlgorithms.awsKms,
  ...oaepAlgorithms.googleCloudKms,
};

/** Whether `wrapWithPublicKey` can wrap under this key: it has a public half, and an algorithm of RSA-OAEP. */
export const wrapsWithPublicKey = ({ algorithm, publicKey }: PublicKeyEncryptionKey): boolean =>
  publicKey !== null && Object.hasOwn(hashes, algorithm);

/**
 * Wraps a 32-byte data key for a key-encryption key whose provider is not at hand, as that provider would. Gives the
 * ciphertext; nobody here can open it again.
 *
 * @throws RangeError for a key or an algorithm that this cannot be done with: see `wrapsWithPublicKey`.
 */
export async function wrapWithPublicKey(key: PublicKeyEncryptionKey, dataKey: Uint8Array): Promise<Uint8Array> {
  requireDataKey(dataKey);
  const { algorithm, publicKey } = key;
  const hash = hashes[algorithm];
  if (publicKey === null || hash === undefined) throw new RangeError(`only its own provider wraps with ${algorithm}`);
  const spki = createPublicKey({ key: publicKey, format: 'der', type: 'spki', encoding: 'base64' });
  const { encrypt } = encryptWithPublicKey(spki, { encrypt: hash });
  const copy = Uint8Array.from(dataKey);
  try {
    return await encrypt(copy);
  } finally {
    copy.fill(0);
  }
}
