import type { TokenCredential } from '@azure/identity';
import {
  CryptographyClient,
  type DecryptResult,
  KeyClient,
  type KeyVaultKey,
  type RsaDecryptParameters,
} from '@azure/keyvault-keys';
import { KeyConnectorError } from '@key-connector/common';
import { withinDeadline } from '../../contract/deadline.js';
import { UnwrapFailed } from '../../contract/key-provider.errors.js';
import type { JoseOaep } from '../../contract/rsa-oaep.js';
import { azureClientOptions, entraCredential } from '../../clients/azure/entra-credential.js';
import { type AzureKey, readAzureKey } from './azure-key.js';
import type { AzureVaultAccess } from '../../clients/azure/azure-vault-access.js';
import { azureAnswerOf, azureErrorOf, type AzureRequest } from '../../clients/azure/azure.errors.js';

/** Which key of which vault. */
export interface AzureKeyVaultSettings {
  readonly access: AzureVaultAccess;
  readonly keyName: string;
  /** `undefined`: the version that the wrappings name. */
  readonly keyVersion: string | undefined;
}

/** A version as a list shows it. */
export interface ListedVersion {
  readonly version: string;
  readonly enabled: boolean;
  readonly createdOn: Date;
}

/** The versions of one key in a vault. Every call keeps the deadline, and fails with an error of ours. */
export class AzureKeysClient {
  /** Private to the engine too, so that whoever prints this prints no credential. */
  readonly #credential: TokenCredential;
  readonly #keys: KeyClient;
  /** One for each version: each asks for its challenge and its token once. */
  readonly #cryptography = new Map<string, CryptographyClient>();

  constructor(
    private readonly settings: AzureKeyVaultSettings,
    private readonly timeoutSeconds: number,
  ) {
    const { access } = settings;
    this.#credential = entraCredential(access, timeoutSeconds);
    this.#keys = new KeyClient(access.vaultUri, this.#credential, azureClientOptions(access, timeoutSeconds));
  }

  /** One version, or the current one. */
  get(version?: string): Promise<AzureKey> {
    return this.call('keys/get', version, async (abortSignal) => {
      const options = { abortSignal, ...(version !== undefined && { version }) };
      return readAzureKey(await this.#keys.getKey(this.settings.keyName, options));
    });
  }

  /** Every version, newest first. */
  list(): Promise<ListedVersion[]> {
    return this.call('keys/list', undefined, async (abortSignal) => {
      const found: ListedVersion[] = [];
      for await (const one of this.#keys.listPropertiesOfKeyVersions(this.settings.keyName, { abortSignal })) {
        const { version = '', enabled = true, createdOn = new Date(0) } = one;
        found.push({ version, enabled, createdOn });
      }
      return found.sort((a, b) => b.createdOn.getTime() - a.createdOn.getTime());
    });
  }

  /** Opens a wrapping with the private half; what does not decrypt is UnwrapFailed. The caller wipes the result. */
  unwrap(key: AzureKey, algorithm: JoseOaep, ciphertext: Uint8Array): Promise<Uint8Array> {
    const client = this.cryptographyOf(key);
    return this.call('keys/unwrapKey', key.version, async (abortSignal) => {
      try {
        return (await client.unwrapKey(algorithm, ciphertext, { abortSignal })).result;
      } catch (error) {
        if (!lacksPermission(error)) throw doesNotDecrypt(error) ? new UnwrapFailed() : error;
        return (await this.decrypt(client, error, { algorithm, ciphertext, abortSignal })).result;
      }
    });
  }

  /** The same operation under the name that some identities and keys permit instead of unwrapKey. */
  private async decrypt(
    client: CryptographyClient,
    refusal: unknown,
    { abortSignal, ...parameters }: RsaDecryptParameters & { abortSignal: AbortSignal },
  ): Promise<DecryptResult> {
    try {
      return await client.decrypt(parameters, { abortSignal });
    } catch (error) {
      if (doesNotDecrypt(error)) throw new UnwrapFailed();
      throw lacksPermission(error) ? refusal : error;
    }
  }

  private cryptographyOf(key: AzureKey): CryptographyClient {
    const known = this.#cryptography.get(key.version);
    if (known !== undefined) return known;
    const options = azureClientOptions(this.settings.access, this.timeoutSeconds);
    const client = new CryptographyClient(this.forSdk(key), this.#credential, options);
    this.#cryptography.set(key.version, client);
    return client;
  }

  /**
   * The SDK refuses to use a key that has expired, although the vault goes on unwrapping with it: expiry ends new
   * wrappings only. So the SDK is not told. Its requests go to the vault of the settings, whatever that calls itself.
   */
  private forSdk({ name, version }: AzureKey): KeyVaultKey {
    const { vaultUri: vaultUrl } = this.settings.access;
    const id = `${vaultUrl}/keys/${name}/${version}`;
    const keyOperations = ['unwrapKey', 'decrypt'];
    return { id, name, key: { kid: id }, keyType: 'RSA', keyOperations, properties: { vaultUrl, name, version } };
  }

  private call<T>(
    permission: AzureRequest['permission'],
    version: string | undefined,
    operation: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeoutSeconds } = this;
    const { access, keyName } = this.settings;
    const subject = `the key ${keyName}${version === undefined ? '' : `, version ${version},`}`;
    const answer = operation(AbortSignal.timeout(timeoutSeconds * 1000)).catch((error: unknown) => {
      throw error instanceof KeyConnectorError ? error : azureErrorOf(error, { access, subject, permission });
    });
    // The signal reaches the request to the vault, but not the requests for a token before it.
    return withinDeadline(answer, timeoutSeconds, access.vaultUri, wipe);
  }
}

/** A data key that came too late is for nobody. */
function wipe(late: unknown): void {
  if (late instanceof Uint8Array) late.fill(0);
}

/** What a vault answers to a ciphertext that is not of this key. */
function doesNotDecrypt(error: unknown): boolean {
  const answer = azureAnswerOf(error);
  return answer?.status === 400 && answer.code === 'BadParameter';
}

function lacksPermission(error: unknown): boolean {
  const answer = azureAnswerOf(error);
  return answer?.status === 403 && answer.innerCode !== 'KeyDisabled';
}
