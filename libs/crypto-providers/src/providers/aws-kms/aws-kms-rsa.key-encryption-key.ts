import type { KeyObject } from 'node:crypto';
import { publicKeyFingerprint } from '../../contract/fingerprint.js';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../../contract/key-encryption-key.js';
import { UnwrapFailed } from '../../contract/key-provider.errors.js';
import { requireDataKey, type RsaOaep, wrappingKey, wrapWithPublicKey } from '../../contract/rsa-oaep.js';
import type { AwsKmsCalls } from './aws-kms.calls.js';

/** AWS' names of RSAES-OAEP, and JOSE's. */
const oaep = { RSAES_OAEP_SHA_1: 'RSA-OAEP', RSAES_OAEP_SHA_256: 'RSA-OAEP-256' } as const satisfies Record<
  string,
  RsaOaep
>;

/** An OAEP algorithm by the name that AWS KMS gives it. */
export type AwsOaep = keyof typeof oaep;

const isAwsOaep = (algorithm: string): algorithm is AwsOaep => Object.hasOwn(oaep, algorithm);

/** An RSA key in AWS KMS: it wraps here, with the public half, and unwraps there. */
export class AwsKmsRsaKey extends KeyEncryptionKey {
  override readonly id: string;
  override readonly description: string;
  override readonly classicAlgorithm: AwsOaep = 'RSAES_OAEP_SHA_256';

  constructor(
    private readonly calls: AwsKmsCalls,
    private readonly publicKey: KeyObject,
    /** The key's ARN. */
    override readonly keyReference: string,
    private readonly newAlgorithm: AwsOaep,
  ) {
    super();
    this.id = publicKeyFingerprint(publicKey);
    this.description = `RSA ${publicKey.asymmetricKeyDetails?.modulusLength ?? ''} in AWS KMS, ${keyReference}`;
  }

  async wrap(dataKey: Uint8Array, algorithm: string = this.newAlgorithm): Promise<WrappedKey> {
    requireDataKey(dataKey);
    if (!isAwsOaep(algorithm)) throw new RangeError(`an RSA key in AWS KMS does not wrap with ${algorithm}`);
    const ciphertext = await wrapWithPublicKey(wrappingKey(this.publicKey, oaep[algorithm]), dataKey);
    return { keyReference: this.keyReference, algorithm, ciphertext };
  }

  /** By this key's own ARN, whatever the wrapping names: a multi-region key's replica opens what its sibling wrapped. */
  async unwrap({ algorithm, ciphertext }: WrappedKey): Promise<Uint8Array> {
    if (!isAwsOaep(algorithm) || ciphertext.length === 0) throw new UnwrapFailed();
    const dataKey = await this.calls.decrypt(this.keyReference, algorithm, ciphertext);
    if (dataKey.length === dataKeyLength) return dataKey;
    dataKey.fill(0);
    throw new UnwrapFailed();
  }
}
