/** How a recovery key wraps; the names stand in the database and in the ring's manifest, so none of them changes. */
export type RecoveryAlgorithm = 'X-Wing+A256GCM' | 'RSA-OAEP-256';

/**
 * The public half of a recovery key: wraps a deployment's data keys, beside the provider's key, for the day on which
 * that one is lost. Unlike a key-encryption key it is told which data key it wraps.
 *
 * @example
 * const key = recoveryKeyOf(text);
 * const wrapping = await key.wrap(7, dataKey);
 */
export abstract class RecoveryKey {
  /** Stable fingerprint: `sha256:` and 64 hex digits. */
  abstract readonly id: string;
  abstract readonly algorithm: RecoveryAlgorithm;
  /** Base64 of the public key as `recoveryKeyOf` takes it: 1216 bytes of X-Wing, or SPKI DER of RSA. */
  abstract readonly publicKey: string;

  /**
   * Encrypts 32 bytes (else RangeError): the data key with the id `dataKeyId`, 0 … 2³¹−1, or for −1 the seed of the
   * ring's identity. What comes out is for `DataKeyWrappings.WrappedKey`.
   */
  abstract wrap(dataKeyId: number, secret: Uint8Array): Promise<Uint8Array>;
}

/** The private half of a recovery key, for the minutes in which it is put together. */
export abstract class OpenRecoveryKey {
  /** The public half. */
  abstract readonly key: RecoveryKey;

  /**
   * Decrypts a wrapping that this key made for the same data key; the caller wipes the 32 bytes. Every refusal is the
   * same UnwrapFailed.
   */
  abstract unwrap(dataKeyId: number, wrapping: Uint8Array): Promise<Uint8Array>;
}

/** The part of a recovery key's id that people compare, and that stands in each of its shares: 8 hex digits. */
export const shortId = (id: string): string => id.slice('sha256:'.length).slice(0, 8);

/** Throws RangeError unless a row of `DataKeys` can have this id. */
export function requireDataKeyId(id: number): void {
  if (!Number.isInteger(id) || id < -1 || id > 2 ** 31 - 1)
    throw new RangeError('a data key has an id from -1 to 2147483647');
}
