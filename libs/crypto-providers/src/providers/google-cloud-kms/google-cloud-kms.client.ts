import { type protos, KeyManagementServiceClient } from '@google-cloud/kms';
import { KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import { crc32c } from './crc32c.js';
import { projectOf } from './key-version.js';
import { decryptionErrorOf, googleCloudKmsErrorOf, type GoogleCloudKmsRequest } from './google-cloud-kms.errors.js';

/** Which key version in Google Cloud KMS, and how it is reached. */
export interface GoogleCloudKmsSettings {
  /** The full resource name: `projects/…/cryptoKeyVersions/1`. */
  readonly keyVersion: string;
  readonly endpoint: string | undefined;
}

/** The public half of a key version. */
export interface PublicHalf {
  readonly pem: string;
  /** As Google names it, such as `RSA_DECRYPT_OAEP_2048_SHA256`. */
  readonly algorithm: string;
}

type Checksum = protos.google.protobuf.IInt64Value | null | undefined;

/** The two calls of Google Cloud KMS that are made, with our errors; checksums go along and are checked. */
export class GoogleCloudKmsClient {
  /** Private to the engine too, so that whoever prints a key prints no credentials. */
  readonly #client: KeyManagementServiceClient;
  private readonly options: { readonly timeout: number; readonly retry: null };

  constructor({ endpoint, keyVersion }: GoogleCloudKmsSettings, timeoutSeconds: number) {
    this.#client = new KeyManagementServiceClient({
      fallback: false,
      // Else some credentials ask further services for it.
      projectId: projectOf(keyVersion),
      // A connection that nobody needs for a minute is closed.
      'grpc.client_idle_timeout_ms': 60_000,
      ...(endpoint === undefined ? {} : address(endpoint)),
    });
    // No tries of the library's own: who calls tries again, and knows how long.
    this.options = { timeout: timeoutSeconds * 900, retry: null };
  }

  /**
   * Finds the credentials, before the first call: one that finds none leaves a promise that nobody handles, which ends
   * the process. Where this rejects, the calls cannot be used.
   */
  async connect(keyVersion: string): Promise<void> {
    await this.#client.initialize().catch((error: unknown) => {
      throw googleCloudKmsErrorOf(error, { permission: 'cloudkms.cryptoKeyVersions.viewPublicKey', keyVersion });
    });
  }

  async publicKey(keyVersion: string): Promise<PublicHalf> {
    const request = { permission: 'cloudkms.cryptoKeyVersions.viewPublicKey', keyVersion };
    const [answer] = await this.#client.getPublicKey({ name: keyVersion }, this.options).catch((error: unknown) => {
      throw googleCloudKmsErrorOf(error, request);
    });
    const { name, pem, pemCrc32c, algorithm } = answer;
    requireAnswer(name === keyVersion, request, 'another key version');
    requireAnswer(typeof pem === 'string' && matches(pemCrc32c, Buffer.from(pem)), request, 'a damaged public key');
    return { pem: pem ?? '', algorithm: String(algorithm) };
  }

  async decrypt(keyVersion: string, ciphertext: Uint8Array): Promise<Uint8Array> {
    const request = { permission: 'cloudkms.cryptoKeyVersions.useToDecrypt', keyVersion };
    const asked = { name: keyVersion, ciphertext, ciphertextCrc32c: { value: crc32c(ciphertext) } };
    const [answer] = await this.#client.asymmetricDecrypt(asked, this.options).catch((error: unknown) => {
      throw decryptionErrorOf(error, request);
    });
    requireAnswer(answer.verifiedCiphertextCrc32c === true, request, 'for a ciphertext that was damaged on its way');
    const plaintext = bytesOf(answer.plaintext);
    const intact = matches(answer.plaintextCrc32c, plaintext);
    if (!intact) plaintext.fill(0);
    requireAnswer(intact, request, 'a plaintext that was damaged on its way');
    return plaintext;
  }

  /** Never rejects: what did not come up needs no closing. */
  async close(): Promise<void> {
    await this.#client.close().catch(() => undefined);
  }
}

function address(endpoint: string): { apiEndpoint: string; port: number } {
  const { hostname, port } = new URL(endpoint);
  return { apiEndpoint: hostname, port: port === '' ? 443 : Number(port) };
}

function bytesOf(value: Uint8Array | string | null | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function matches(checksum: Checksum, bytes: Uint8Array): boolean {
  return checksum?.value !== undefined && checksum.value !== null && String(checksum.value) === String(crc32c(bytes));
}

/** An answer that nobody may rely on is as good as none: it is asked for again. */
function requireAnswer(holds: boolean, { keyVersion }: GoogleCloudKmsRequest, what: string): void {
  if (!holds)
    throw new KeyProviderUnavailable(
      `Google Cloud KMS, asked for the key version ${keyVersion}, has answered ${what}.`,
    );
}
