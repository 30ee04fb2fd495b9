import type { webcrypto } from 'node:crypto';
import { publicKeyFingerprint } from '../../contract/fingerprint.js';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../../contract/key-encryption-key.js';
import { KeyProviderMisconfigured, UnwrapFailed } from '../../contract/key-provider.errors.js';
import { isRsaOaep, requireDataKey, type RsaOaep, wrappingKey, wrapWithPublicKey } from '../../contract/rsa-oaep.js';
import type { VaultKey } from './vault-key.js';
import type { VaultKeysClient } from './vault-keys.client.js';

/** One version of an RSA key in a vault: it wraps here, with the public half, and unwraps there. */
export class AzureKeyVaultKeyEncryptionKey extends KeyEncryptionKey {
  override readonly classicAlgorithm: RsaOaep = 'RSA-OAEP';
  override readonly id: string;
  override readonly description: string;
  override readonly keyReference: string;
  // Private fields: whoever prints the key prints neither a client nor its credential.
  readonly #client: VaultKeysClient;
  readonly #key: VaultKey;
  readonly #wrappingKeys: Readonly<Record<RsaOaep, webcrypto.CryptoKey>>;
  readonly #algorithm: RsaOaep;

  constructor(client: VaultKeysClient, key: VaultKey, algorithm: RsaOaep) {
    super();
    this.id = publicKeyFingerprint(key.publicKey);
    this.description = `RSA ${key.bits} in the vault, ${key.id}`;
    this.keyReference = key.id;
    this.#client = client;
    this.#key = key;
    this.#algorithm = algorithm;
    this.#wrappingKeys = {
      'RSA-OAEP': wrappingKey(key.publicKey, 'RSA-OAEP'),
      'RSA-OAEP-256': wrappingKey(key.publicKey, 'RSA-OAEP-256'),
    };
  }

  async wrap(dataKey: Uint8Array, algorithm: string = this.#algorithm): Promise<WrappedKey> {
    requireDataKey(dataKey);
    if (!isRsaOaep(algorithm)) throw new RangeError(`an RSA key does not wrap with ${algorithm}`);
    this.requireValid();
    const ciphertext = await wrapWithPublicKey(this.#wrappingKeys[algorithm], dataKey);
    return { keyReference: this.keyReference, algorithm, ciphertext };
  }

  async unwrap({ algorithm, ciphertext }: WrappedKey): Promise<Uint8Array> {
    // RFC 8017, section 7.1.2: a ciphertext is as long as the modulus. The vault need not be asked about others.
    if (!isRsaOaep(algorithm) || ciphertext.length !== this.#key.bits / 8) throw new UnwrapFailed();
    const dataKey = await this.#client.unwrap(this.#key, algorithm, ciphertext);
    if (dataKey.length === dataKeyLength) return dataKey;
    dataKey.fill(0);
    throw new UnwrapFailed();
  }

  /** The vault wraps nothing new with a key outside of its dates; wrapping here keeps to that. */
  private requireValid(): void {
    const { id, notBefore, expiresOn } = this.#key;
    const now = new Date();
    if (expiresOn !== undefined && expiresOn <= now)
      throw new KeyProviderMisconfigured(
        `The key ${id} has expired (${expiresOn.toISOString()}): it opens data keys, but no new one is wrapped with it.`,
      );
    if (notBefore !== undefined && notBefore > now)
      throw new KeyProviderMisconfigured(
        `The key ${id} is not valid before ${notBefore.toISOString()}: no new data key is wrapped with it.`,
      );
  }
}
