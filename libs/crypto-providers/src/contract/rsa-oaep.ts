import type { KeyObject, webcrypto } from 'node:crypto';
import { dataKeyLength } from './key-encryption-key.js';

/** RSAES-OAEP (RFC 8017, section 7.1) under its JOSE names (RFC 7518, section 4.3): the hash is also MGF1's. */
export const oaepHashes = { 'RSA-OAEP': 'SHA-1', 'RSA-OAEP-256': 'SHA-256' } as const;

/** An OAEP algorithm by its JOSE name. */
export type RsaOaep = keyof typeof oaepHashes;

/** The hash as the settings name it. */
export type OaepHash = 'sha1' | 'sha256';

/** The algorithm with the hash of the settings. */
export const oaepWith = (hash: OaepHash): RsaOaep => (hash === 'sha1' ? 'RSA-OAEP' : 'RSA-OAEP-256');

/** Whether a wrapping's algorithm is one of `oaepHashes`. */
export function isRsaOaep(algorithm: string): algorithm is RsaOaep {
  return Object.hasOwn(oaepHashes, algorithm);
}

/** The public half of a key, ready to wrap with one algorithm. */
export function wrappingKey(publicKey: KeyObject, algorithm: RsaOaep): webcrypto.CryptoKey {
  return publicKey.toCryptoKey({ name: 'RSA-OAEP', hash: oaepHashes[algorithm] }, false, ['encrypt']);
}

/**
 * Wraps a data key with the public half alone, on libuv's thread pool; the caller's bytes stay as they are.
 *
 * Throws RangeError unless it is `dataKeyLength` bytes.
 */
export async function wrapWithPublicKey(key: webcrypto.CryptoKey, dataKey: Uint8Array): Promise<Uint8Array> {
  requireDataKey(dataKey);
  const plain = new Uint8Array(dataKey);
  try {
    return new Uint8Array(await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, key, plain));
  } finally {
    plain.fill(0);
  }
}

/** Throws RangeError unless `dataKey` has the length of a data key. */
export function requireDataKey(dataKey: Uint8Array): void {
  if (dataKey.length !== dataKeyLength) throw new RangeError(`a data key has ${dataKeyLength} bytes`);
}
