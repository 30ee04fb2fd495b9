import {
  DecryptCommand,
  type DecryptCommandOutput,
  EncryptCommand,
  type EncryptCommandOutput,
  type EncryptionAlgorithmSpec,
  GetPublicKeyCommand,
  type GetPublicKeyCommandOutput,
  type KMSClient,
} from '@aws-sdk/client-kms';
import { KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import { awsKmsClient } from './aws-kms.client.js';
import { awsKmsFailure, type AwsKmsRequest } from './aws-kms.failures.js';
import type { KeyProviderSettings } from '../../key-provider.settings.js';

/** The three calls of AWS KMS that are made, with our errors. */
export class AwsKmsCalls {
  /** Private to the engine too, so that whoever prints a key prints no credentials. */
  readonly #client: KMSClient;
  private readonly context: Pick<AwsKmsRequest, 'region' | 'ownCredentials'>;

  constructor(settings: KeyProviderSettings<'awskms'>) {
    this.#client = awsKmsClient(settings);
    this.context = { region: settings.region, ownCredentials: settings.accessKey !== undefined };
  }

  publicKey(key: string): Promise<GetPublicKeyCommandOutput> {
    return this.call('kms:GetPublicKey', key, () => this.#client.send(new GetPublicKeyCommand({ KeyId: key })));
  }

  encrypt(key: string, plaintext: Uint8Array): Promise<EncryptCommandOutput> {
    const input = { KeyId: key, Plaintext: plaintext };
    return this.call('kms:Encrypt', key, () => this.#client.send(new EncryptCommand(input)));
  }

  /** The plaintext; an answer that another key or algorithm has given is not trusted. */
  async decrypt(arn: string, algorithm: EncryptionAlgorithmSpec, ciphertext: Uint8Array): Promise<Uint8Array> {
    const input = { KeyId: arn, EncryptionAlgorithm: algorithm, CiphertextBlob: ciphertext };
    const answer = await this.call<DecryptCommandOutput>('kms:Decrypt', arn, () =>
      this.#client.send(new DecryptCommand(input)),
    );
    requireKey(answer.KeyId, arn);
    requireAnswer(answer.EncryptionAlgorithm === algorithm, `kms:Decrypt with another algorithm than ${algorithm}`);
    return answer.Plaintext ?? new Uint8Array();
  }

  private async call<T>(action: string, key: string, send: () => Promise<T>): Promise<T> {
    const request: AwsKmsRequest = { action, key, ...this.context };
    return send().catch((error: unknown) => {
      throw awsKmsFailure(error, request);
    });
  }
}

/** Throws KeyProviderUnavailable unless the answer came from this key. */
export function requireKey(answered: string | undefined, arn: string): void {
  requireAnswer(answered === arn, `for the key ${answered ?? '(none)'} instead of ${arn}`);
}

/** An answer that nobody may rely on is as good as none: it is asked for again. */
function requireAnswer(holds: boolean, what: string): void {
  if (!holds) throw new KeyProviderUnavailable(`AWS KMS, or what answers in its place, has answered ${what}.`);
}
