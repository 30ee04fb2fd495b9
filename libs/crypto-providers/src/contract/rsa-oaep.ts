import type { KeyObject } from 'node:crypto';
import type { Encrypt } from './data-key-wrapper.js';

/** A hash of RSAES-OAEP (RFC 8017, section 7.1), by WebCrypto's name; it is also MGF1's. */
export type OaepHash = 'SHA-1' | 'SHA-256' | 'SHA-512';

/**
 * Every OAEP algorithm that a wrapping can name, with its hash; a column for each set of names. The names stand in the
 * database, so none of them changes.
 */
export const oaepAlgorithms = {
  /** RFC 7518, section 4.3: the names of every provider that has none of its own. */
  jose: { 'RSA-OAEP': 'SHA-1', 'RSA-OAEP-256': 'SHA-256' },
  /** https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html */
  awsKms: { RSAES_OAEP_SHA_1: 'SHA-1', RSAES_OAEP_SHA_256: 'SHA-256' },
  /** https://cloud.google.com/kms/docs/algorithms: each key version has one of them. */
  googleCloudKms: {
    RSA_DECRYPT_OAEP_2048_SHA1: 'SHA-1',
    RSA_DECRYPT_OAEP_3072_SHA1: 'SHA-1',
    RSA_DECRYPT_OAEP_4096_SHA1: 'SHA-1',
    RSA_DECRYPT_OAEP_2048_SHA256: 'SHA-256',
    RSA_DECRYPT_OAEP_3072_SHA256: 'SHA-256',
    RSA_DECRYPT_OAEP_4096_SHA256: 'SHA-256',
    RSA_DECRYPT_OAEP_4096_SHA512: 'SHA-512',
  },
} as const satisfies Record<string, Readonly<Record<string, OaepHash>>>;

/** An OAEP algorithm by the name of JOSE. */
export type JoseOaep = keyof typeof oaepAlgorithms.jose;

/** An OAEP algorithm by the name of AWS KMS. */
export type AwsOaep = keyof typeof oaepAlgorithms.awsKms;

/** An OAEP algorithm by the name of Google Cloud KMS, which has the key's size in it. */
export type GoogleOaep = keyof typeof oaepAlgorithms.googleCloudKms;

/** The values of `rsaKey__oaepHash`. */
export const oaepHashSettings = ['sha1', 'sha256'] as const;

/** One value of `rsaKey__oaepHash`. */
export type OaepHashSetting = (typeof oaepHashSettings)[number];

/** The algorithm for each value of `rsaKey__oaepHash`, by the names of those that let us choose. */
export const oaepBySetting = {
  sha1: { jose: 'RSA-OAEP', awsKms: 'RSAES_OAEP_SHA_1' },
  sha256: { jose: 'RSA-OAEP-256', awsKms: 'RSAES_OAEP_SHA_256' },
} as const satisfies Record<OaepHashSetting, { jose: JoseOaep; awsKms: AwsOaep }>;

/**
 * Encrypts with the public half of an RSA key, on libuv's thread pool: one function for each of the named algorithms.
 *
 * @example
 * const encrypt = encryptWithPublicKey(publicKey, oaepAlgorithms.jose);
 * const ciphertext = await encrypt['RSA-OAEP-256'](dataKey);
 */
export function encryptWithPublicKey<Name extends string>(
  publicKey: KeyObject,
  algorithms: Readonly<Record<Name, OaepHash>>,
): Readonly<Record<Name, Encrypt>> {
  const encrypts = Object.entries<OaepHash>(algorithms).map(([name, hash]): [string, Encrypt] => {
    const key = publicKey.toCryptoKey({ name: 'RSA-OAEP', hash }, false, ['encrypt']);
    return [name, async (dataKey) => new Uint8Array(await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, key, dataKey))];
  });
  // The names are those of `algorithms`.
  return Object.fromEntries(encrypts) as Record<Name, Encrypt>;
}
