/** The algorithms of a key version that can wrap data keys, as Google names them, with the hash of RSAES-OAEP. */
export const decryptionAlgorithms = {
  RSA_DECRYPT_OAEP_2048_SHA1: 'SHA-1',
  RSA_DECRYPT_OAEP_3072_SHA1: 'SHA-1',
  RSA_DECRYPT_OAEP_4096_SHA1: 'SHA-1',
  RSA_DECRYPT_OAEP_2048_SHA256: 'SHA-256',
  RSA_DECRYPT_OAEP_3072_SHA256: 'SHA-256',
  RSA_DECRYPT_OAEP_4096_SHA256: 'SHA-256',
  RSA_DECRYPT_OAEP_4096_SHA512: 'SHA-512',
} as const;

/** One of `decryptionAlgorithms`. */
export type DecryptionAlgorithm = keyof typeof decryptionAlgorithms;

/** Whether a name is one of `decryptionAlgorithms`. */
export function isDecryptionAlgorithm(name: unknown): name is DecryptionAlgorithm {
  return typeof name === 'string' && Object.hasOwn(decryptionAlgorithms, name);
}
