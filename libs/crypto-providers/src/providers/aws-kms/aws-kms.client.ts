import http from 'node:http';
import https from 'node:https';
import {
  DecryptCommand,
  type DecryptCommandOutput,
  EncryptCommand,
  type EncryptCommandOutput,
  type EncryptionAlgorithmSpec,
  GetPublicKeyCommand,
  type GetPublicKeyCommandOutput,
  KMSClient,
} from '@aws-sdk/client-kms';
import type { Secret } from '@key-connector/common';
import { KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import { awsKmsErrorOf, type AwsKmsRequest } from './aws-kms.errors.js';

/** An access key as the settings give it. */
interface AwsAccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret | undefined;
}

/** Which key in AWS KMS, and how it is reached. */
export interface AwsKmsSettings {
  readonly region: string;
  /** Key id, key ARN, alias or alias ARN. */
  readonly keyId: string;
  readonly symmetric: boolean;
  /** `undefined`: the SDK's default chain looks for credentials. */
  readonly accessKey: AwsAccessKey | undefined;
  readonly endpoint: string | undefined;
}

/** The three calls of AWS KMS that are made, with our errors. */
export class AwsKmsClient {
  /** Private to the engine too, so that whoever prints a key prints no credentials. */
  readonly #client: KMSClient;
  private readonly origin: Pick<AwsKmsRequest, 'region' | 'ownCredentials'>;

  constructor(settings: AwsKmsSettings, timeoutSeconds: number) {
    this.#client = sdkClient(settings, timeoutSeconds);
    this.origin = { region: settings.region, ownCredentials: settings.accessKey !== undefined };
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
    const request: AwsKmsRequest = { action, key, ...this.origin };
    return send().catch((error: unknown) => {
      throw awsKmsErrorOf(error, request);
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

/**
 * The SDK keeps what credentials and config file held when this process first read them. Its default chain is given the
 * client's options, and hands this one on to `loadSharedConfigFiles`.
 */
const profilesAsTheyAreNow: object = { ignoreCache: true };

/**
 * A client of AWS KMS. Node's global agents carry its requests, those of its credential providers too: they know the
 * proxies and the certificate authorities of this process, the agents that the SDK would make do not.
 */
function sdkClient({ region, endpoint, accessKey }: AwsKmsSettings, timeoutSeconds: number): KMSClient {
  // Two tries with the pause between them end by themselves before the time is up, also when nobody answers.
  const timeout = timeoutSeconds * 400;
  return new KMSClient({
    ...profilesAsTheyAreNow,
    region,
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: Math.min(timeout, 3_000),
      requestTimeout: timeout,
      throwOnRequestTimeout: true,
      httpAgent: http.globalAgent,
      httpsAgent: https.globalAgent,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKey === undefined ? {} : { credentials: revealed(accessKey) }),
  });
}

/** The access key as the SDK takes it. */
function revealed({ accessKeyId, secretAccessKey, sessionToken }: AwsAccessKey): {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
} {
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
  };
}
