import type { KeyObject, webcrypto } from 'node:crypto';
import { publicKeyFingerprint } from '../../contract/fingerprint.js';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../../contract/key-encryption-key.js';
import { KeyProviderUnavailable, UnwrapFailed } from '../../contract/key-provider.errors.js';
import { requireDataKey, type RsaOaep, wrappingKey, wrapWithPublicKey } from '../../contract/rsa-oaep.js';
import type { TransitKey, TransitKeyFacts } from './transit.key.js';

/** The one padding that every Vault and OpenBao has for RSA keys. */
const oaep: RsaOaep = 'RSA-OAEP-256';

/**
 * One version of an RSA key in a transit engine.
 *
 * Wrapping needs the public half only, so it happens here and without a right to encrypt; the ciphertext is bare RSA-OAEP,
 * the same as a certificate with this key makes.
 */
export class TransitKeyEncryptionKey extends KeyEncryptionKey {
  override readonly id: string;
  override readonly description: string;
  override readonly keyReference: string;
  override readonly classicAlgorithm = oaep;
  private readonly wrapping: webcrypto.CryptoKey;

  constructor(
    private readonly key: TransitKey,
    { type }: TransitKeyFacts,
    private readonly version: number,
    publicKey: KeyObject,
  ) {
    super();
    this.id = publicKeyFingerprint(publicKey);
    this.description = `${type} ${key.resource} version ${version} in Vault at ${key.server}`;
    this.keyReference = `${key.referencePrefix}${version}`;
    this.wrapping = wrappingKey(publicKey, oaep);
  }

  async wrap(dataKey: Uint8Array, algorithm: string = oaep): Promise<WrappedKey> {
    requireDataKey(dataKey);
    if (algorithm !== oaep) throw new RangeError(`a transit key does not wrap with ${algorithm}`);
    const ciphertext = await wrapWithPublicKey(this.wrapping, dataKey);
    return { keyReference: this.keyReference, algorithm, ciphertext };
  }

  async unwrap({ algorithm, ciphertext }: WrappedKey): Promise<Uint8Array> {
    if (algorithm !== oaep) throw new UnwrapFailed();
    const dataKey = await this.key.decrypt(this.version, ciphertext);
    if (dataKey?.length === dataKeyLength) return dataKey;
    dataKey?.fill(0);
    await this.requireWorkingKey();
    throw new UnwrapFailed();
  }

  /**
   * Throws what is wrong with the key or the server. Vault does not tell a damaged wrapping from a fault of its own (both
   * 500) or from a version that it no longer uses (both 400), so the key is looked at, and a wrapping just made is tried.
   */
  private async requireWorkingKey(): Promise<void> {
    this.key.publicKey(await this.key.read(), this.version);
    const probe = await wrapWithPublicKey(this.wrapping, new Uint8Array(dataKeyLength));
    if ((await this.key.decrypt(this.version, probe)) === undefined)
      throw new KeyProviderUnavailable(`${this.description} does not decrypt what was just encrypted for it.`);
  }
}
