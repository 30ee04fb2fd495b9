/** A data key as the database keeps it: encrypted, with the name of the key that can open it. No secret in it. */
export interface WrappedKey {
  /** Names the exact key version at the provider: where a provider keeps several, `unwrap` uses that one. */
  readonly keyReference: string;
  /** How `ciphertext` was made, in the provider's own words: `RSA-OAEP`, `RSA-OAEP-256`, … */
  readonly algorithm: string;
  readonly ciphertext: Uint8Array;
}

/** The length of a data key, in bytes: AES-256. */
export const dataKeyLength = 32;

/**
 * A key that wraps data keys and never leaves its provider.
 *
 * Its calls throw KeyProviderUnavailable (worth another try), KeyProviderMisconfigured (only an operator can mend it),
 * and `unwrap` UnwrapFailed.
 *
 * @example
 * const wrapped = await key.wrap(dataKey);
 * const again = await key.unwrap(wrapped);
 * again.fill(0);
 */
export abstract class KeyEncryptionKey {
  /** Stable fingerprint: `sha256:` + hex of SHA-256 over the public key's SPKI DER. */
  abstract readonly id: string;
  /** Base64 of the public key's SPKI DER, with which data keys can be wrapped elsewhere; null for a symmetric key. */
  abstract readonly publicKey: string | null;
  /** Which key this is, for people: no secret in it. */
  abstract readonly description: string;
  /** Names the exact key version that wraps, for people; stands in each of its wrappings. */
  abstract readonly keyReference: string;
  /** The algorithm of a classic deployment's wrapping, which does not name its own. */
  abstract readonly classicAlgorithm: string;
  /**
   * Encrypts a 32-byte data key, with the algorithm that settings choose unless one is named: that of a manifest, or
   * `classicAlgorithm` where classic software must open it too. RangeError for another length, or one that the key has
   * not.
   */
  abstract wrap(dataKey: Uint8Array, algorithm?: string): Promise<WrappedKey>;
  /** Decrypts a wrapping of this key; the caller wipes the result. Every refusal is the same `UnwrapFailed`. */
  abstract unwrap(wrapped: WrappedKey): Promise<Uint8Array>;

  /** Lets go of connections, sessions and processes that the key holds; nothing is asked of it afterwards. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
