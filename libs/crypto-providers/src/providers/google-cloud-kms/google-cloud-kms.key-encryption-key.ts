import type { KeyObject, webcrypto } from 'node:crypto';
import { publicKeyFingerprint } from '../../contract/fingerprint.js';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../../contract/key-encryption-key.js';
import { UnwrapFailed } from '../../contract/key-provider.errors.js';
import { requireDataKey, wrapWithPublicKey } from '../../contract/rsa-oaep.js';
import { type DecryptionAlgorithm, decryptionAlgorithms, isDecryptionAlgorithm } from './decryption.algorithms.js';
import type { GoogleCloudKmsCalls } from './google-cloud-kms.calls.js';
import { ofSameKey } from './key-version.name.js';

/** A version of an RSA key in Google Cloud KMS: it wraps here, with the public half, and unwraps there. */
export class GoogleCloudKmsKey extends KeyEncryptionKey {
  override readonly id: string;
  override readonly description: string;
  private readonly wrappingKey: webcrypto.CryptoKey;

  constructor(
    private readonly calls: GoogleCloudKmsCalls,
    publicKey: KeyObject,
    /** The key version's resource name. */
    override readonly keyReference: string,
    /** The key version's own, and its only one. */
    override readonly classicAlgorithm: DecryptionAlgorithm,
  ) {
    super();
    this.id = publicKeyFingerprint(publicKey);
    this.description = `${classicAlgorithm} in Google Cloud KMS, ${keyReference}`;
    const parameters = { name: 'RSA-OAEP', hash: decryptionAlgorithms[classicAlgorithm] };
    this.wrappingKey = publicKey.toCryptoKey(parameters, false, ['encrypt']);
  }

  async wrap(dataKey: Uint8Array, algorithm: string = this.classicAlgorithm): Promise<WrappedKey> {
    requireDataKey(dataKey);
    if (algorithm !== this.classicAlgorithm)
      throw new RangeError(`the key version ${this.keyReference} does not wrap with ${algorithm}`);
    const ciphertext = await wrapWithPublicKey(this.wrappingKey, dataKey);
    return { keyReference: this.keyReference, algorithm, ciphertext };
  }

  /** With the version that the wrapping names, where it is one of this key's; a classic wrapping names none. */
  async unwrap({ keyReference, algorithm, ciphertext }: WrappedKey): Promise<Uint8Array> {
    if (!isDecryptionAlgorithm(algorithm) || ciphertext.length === 0) throw new UnwrapFailed();
    const version = ofSameKey(keyReference, this.keyReference) ? keyReference : this.keyReference;
    const dataKey = await this.calls.decrypt(version, ciphertext);
    if (dataKey.length === dataKeyLength) return dataKey;
    dataKey.fill(0);
    throw new UnwrapFailed();
  }

  override close(): Promise<void> {
    return this.calls.close();
  }
}
