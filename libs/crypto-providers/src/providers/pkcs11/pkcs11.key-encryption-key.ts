import { type KeyObject, randomBytes, type webcrypto } from 'node:crypto';
import { publicKeyFingerprint } from '../../contract/fingerprint.js';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../../contract/key-encryption-key.js';
import { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from '../../contract/key-provider.errors.js';
import {
  isRsaOaep,
  type OaepHash,
  oaepHashes,
  oaepWith,
  requireDataKey,
  type RsaOaep,
  wrappingKey,
  wrapWithPublicKey,
} from '../../contract/rsa-oaep.js';
import { keyUri } from './key-uri.js';
import { TokenError } from './token.connection.js';
import type { Token } from './token.js';
import type { FoundKey } from './token.protocol.js';

/** Best first: policies forbid SHA-1, and many tokens know nothing else. */
const hashes: readonly OaepHash[] = ['sha256', 'sha1'];

interface Parts {
  readonly token: Token;
  readonly found: FoundKey;
  readonly publicKey: KeyObject;
  /** Whether the token itself says that this is its public half. */
  readonly confirmed: boolean;
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
    let reason: TokenError | undefined;
    for (const algorithm of (hash === undefined ? hashes : [hash]).map(oaepWith)) {
      reason = await key.#tryOut(algorithm);
      if (reason === undefined) return key;
    }
    throw doesNotOpen(key.keyReference, parts.confirmed, reason);
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

  /** Logs out, and ends the process that has the module loaded. */
  override close(): Promise<void> {
    return this.#token.close();
  }

  /** Makes this the algorithm of new wrappings if the token opens one; else gives the reason. */
  async #tryOut(algorithm: RsaOaep): Promise<TokenError | undefined> {
    const sample = randomBytes(dataKeyLength);
    const { ciphertext } = await this.wrap(sample, algorithm);
    const opened = await this.#token.prove(oaepHashes[algorithm], ciphertext);
    if (opened instanceof TokenError) return opened;
    if (!sample.equals(opened))
      return new TokenError({ kind: 'refused', message: 'the token decrypts to other bytes' });
    this.#algorithm = algorithm;
    return undefined;
  }
}

/** With the right public half, and a code that is none of a refusal, the token itself is in trouble. */
function doesNotOpen(keyReference: string, confirmed: boolean, reason: TokenError | undefined): Error {
  const { kind, message = '' } = reason ?? {};
  if (confirmed && kind === 'unclear')
    return new KeyProviderUnavailable(`The private key ${keyReference} cannot be used: ${message}.`);
  const cause = confirmed
    ? 'the token does not do RSA-OAEP with the hash of rsaKey__oaepHash, or not at all'
    : 'the certificate in certificate__* belongs to another key, or the token does not do RSA-OAEP';
  return new KeyProviderMisconfigured(
    `The private key ${keyReference} does not open what its public half has wrapped: ${cause} (${message}).`,
  );
}
