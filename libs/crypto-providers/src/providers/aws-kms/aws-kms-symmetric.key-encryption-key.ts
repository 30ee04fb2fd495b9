import { resourceFingerprint } from '../../contract/fingerprint.js';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../../contract/key-encryption-key.js';
import { KeyProviderUnavailable, UnwrapFailed } from '../../contract/key-provider.errors.js';
import { requireDataKey } from '../../contract/rsa-oaep.js';
import { type AwsKmsCalls, requireKey } from './aws-kms.calls.js';

/** AES-256-GCM in AWS' own envelope; without an encryption context, as classic deployments have it. */
const symmetricDefault = 'SYMMETRIC_DEFAULT';

/** Longest ciphertext that kms:Decrypt takes. */
const longest = 6144;

/** A symmetric key in AWS KMS: it wraps and unwraps there. Its own rotation keeps old wrappings readable. */
export class AwsKmsSymmetricKey extends KeyEncryptionKey {
  override readonly id: string;
  override readonly description: string;
  override readonly classicAlgorithm = symmetricDefault;

  constructor(
    private readonly calls: AwsKmsCalls,
    /** The key's ARN. */
    override readonly keyReference: string,
  ) {
    super();
    this.id = resourceFingerprint(keyReference);
    this.description = `symmetric key in AWS KMS, ${keyReference}`;
  }

  async wrap(dataKey: Uint8Array, algorithm: string = symmetricDefault): Promise<WrappedKey> {
    requireDataKey(dataKey);
    if (algorithm !== symmetricDefault)
      throw new RangeError(`a symmetric key in AWS KMS does not wrap with ${algorithm}`);
    const { KeyId, CiphertextBlob } = await this.calls.encrypt(this.keyReference, dataKey);
    requireKey(KeyId, this.keyReference);
    if (CiphertextBlob === undefined)
      throw new KeyProviderUnavailable('AWS KMS has answered kms:Encrypt with nothing.');
    return { keyReference: this.keyReference, algorithm, ciphertext: CiphertextBlob };
  }

  async unwrap({ algorithm, ciphertext: { length }, ciphertext }: WrappedKey): Promise<Uint8Array> {
    if (algorithm !== symmetricDefault || length === 0 || length > longest) throw new UnwrapFailed();
    const dataKey = await this.calls.decrypt(this.keyReference, symmetricDefault, ciphertext);
    if (dataKey.length === dataKeyLength) return dataKey;
    dataKey.fill(0);
    throw new UnwrapFailed();
  }
}
