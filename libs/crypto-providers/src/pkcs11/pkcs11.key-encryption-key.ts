import { type KeyObject, randomBytes, timingSafeEqual, type webcrypto } from 'node:crypto';
import { publicKeyFingerprint } from '../fingerprint.js';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../key-encryption-key.js';
import { KeyProviderMisconfigured, UnwrapFailed } from '../key-provider.errors.js';
import {
  isRsaOaep,
  type OaepHash,
  oaepHashes,
  oaepWith,
  requireDataKey,
  type RsaOaep,
  wrappingKey,
  wrapWithPublicKey,
} from '../rsa-oaep.js';
import { keyUri } from './key-uri.js';
import type { Token } from './token.js';
import type { FoundKey } from './token.protocol.js';

/** Best first: policies forbid SHA-1, and many tokens know nothing else. */
const hashes: readonly OaepHash[] = ['sha256', 'sha1'];

interface Parts {
  readonly token: Token;
  readonly found: FoundKey;
  readonly publicKey: KeyObject;
}

/** An RSA key that stays in its token: wraps here with the public half, unwraps there. */
export class Pkcs11KeyEncryptionKey extends KeyEncryptionKey {
  override readonly classicAlgorithm: RsaOaep = 'RSA-OAEP';
  override readonly id: string;
  override readonly description: string;
  override readonly keyReference: string;
  // Not enumerable: the token holds the PIN.
  readonly #token: Token;
  readonly #publicKeys: Readonly<Record<RsaOaep, webcrypto.CryptoKey>>;
  readonly #ciphertextLength: number;
  #algorithm: RsaOaep = 'RSA-OAEP';

  private constructor({ token, found, publicKey }: Parts) {
    super();
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
    this.id = publicKeyFingerprint(publicKey);
    this.keyReference = keyUri(found);
    this.description = `RSA ${bits} in the token "${found.tokenLabel}" (${this.keyReference})`;
    this.#token = token;
    this.#ciphertextLength = bits / 8;
    this.#publicKeys = {
      'RSA-OAEP': wrappingKey(publicKey, 'RSA-OAEP'),
      'RSA-OAEP-256': wrappingKey(publicKey, 'RSA-OAEP-256'),
    };
  }

  /**
   * The key, once it has opened what its public half wrapped: so the halves belong together, and the token does what is
   * wanted of it.
   *
   * @param hash the hash of new wrappings; without one, the best that works.
   */
  static async prove(parts: Parts, hash: OaepHash | undefined): Promise<Pkcs11KeyEncryptionKey> {
    const key = new Pkcs11KeyEncryptionKey(parts);
    for (const algorithm of (hash === undefined ? hashes : [hash]).map(oaepWith))
      if (await key.#opensItsOwn(algorithm)) {
        key.#algorithm = algorithm;
        return key;
      }
    const setting = hash === undefined ? '' : ` with ${hash} (rsaKey__oaepHash)`;
    throw new KeyProviderMisconfigured(
      `The private key ${key.keyReference} does not open what its public half has wrapped: ` +
        `either the public half belongs to another key, or the token does not do RSA-OAEP${setting}.`,
    );
  }

  async wrap(dataKey: Uint8Array, algorithm: string = this.#algorithm): Promise<WrappedKey> {
    requireDataKey(dataKey);
    if (!isRsaOaep(algorithm)) throw new RangeError(`an RSA key does not wrap with ${algorithm}`);
    const ciphertext = await wrapWithPublicKey(this.#publicKeys[algorithm], dataKey);
    return { keyReference: this.keyReference, algorithm, ciphertext };
  }

  async unwrap({ algorithm, ciphertext }: WrappedKey): Promise<Uint8Array> {
    if (!isRsaOaep(algorithm) || ciphertext.length !== this.#ciphertextLength) throw new UnwrapFailed();
    const dataKey = await this.#token.decrypt(oaepHashes[algorithm], ciphertext);
    if (dataKey.length === dataKeyLength) return dataKey;
    dataKey.fill(0);
    throw new UnwrapFailed();
  }

  /** Ends the process that has the module loaded. */
  close(): void {
    this.#token.close();
  }

  async #opensItsOwn(algorithm: RsaOaep): Promise<boolean> {
    const sample = randomBytes(dataKeyLength);
    try {
      const wrapped = await this.wrap(sample, algorithm);
      if (!timingSafeEqual(await this.unwrap(wrapped), sample)) return false;
      this.#token.know(oaepHashes[algorithm], wrapped.ciphertext);
      return true;
    } catch (error) {
      if (error instanceof UnwrapFailed) return false;
      throw error;
    }
  }
}
