import { Logger } from '@nestjs/common';
import { KeyProviderMisconfigured, UnwrapFailed } from '../../contract/key-provider.errors.js';
import { newestEnabled, recordedVersions } from '../../clients/azure/recorded-versions.js';
import type { AzureKey } from './azure-key.js';
import type { AzureKeyVaultSettings, AzureKeysClient } from './azure-keys.client.js';

const logger = new Logger('AzureKeyVault');

/**
 * Versions that are tried on a classic wrapping, which does not name its own: two calls each, once in a deployment's
 * life.
 */
const maxTries = 20;

/**
 * The version of the key to use: the one that the settings name; else the one that the data keys are wrapped with;
 * else, where a classic deployment is taken over, the one that opens its data key; else the current one.
 */
export async function chooseVersion(
  client: AzureKeysClient,
  { access, keyName, keyVersion }: AzureKeyVaultSettings,
  recorded: readonly string[],
  classic: Uint8Array | undefined,
): Promise<AzureKey> {
  if (keyVersion !== undefined) return client.get(keyVersion);
  const versions = recordedVersions(recorded, { collection: 'keys', name: keyName, vaultUri: access.vaultUri });
  const [first, ...others] = versions;
  if (first !== undefined) return newestEnabled([first, ...others], (version) => client.get(version));
  return classic === undefined ? client.get() : findClassic(client, classic);
}

/** The enabled version that opens a classic data key, tried from the newest on; where none does, the current one. */
async function findClassic(client: AzureKeysClient, ciphertext: Uint8Array): Promise<AzureKey> {
  const current = await client.get();
  if (await opens(client, current, ciphertext)) return current;
  const others = (await client.list()).filter(({ version }) => version !== current.version);
  for (const { version } of others.filter(({ enabled }) => enabled).slice(0, maxTries)) {
    const key = await getUsable(client, version);
    if (key !== undefined && (await opens(client, key, ciphertext))) return key;
  }
  const disabled = others.filter(({ enabled }) => !enabled).map(({ version }) => version);
  logger.warn({ msg: 'no enabled version of the key opens the data key of the classic deployment', disabled });
  return current;
}

/** A version that is of no use, such as an EC key of an earlier time, is passed over. */
async function getUsable(client: AzureKeysClient, version: string): Promise<AzureKey | undefined> {
  try {
    return await client.get(version);
  } catch (error) {
    if (error instanceof KeyProviderMisconfigured) return undefined;
    throw error;
  }
}

async function opens(client: AzureKeysClient, key: AzureKey, ciphertext: Uint8Array): Promise<boolean> {
  if (!key.enabled || ciphertext.length !== key.bits / 8) return false;
  try {
    (await client.unwrap(key, 'RSA-OAEP', ciphertext)).fill(0);
    return true;
  } catch (error) {
    if (error instanceof UnwrapFailed) return false;
    throw error;
  }
}
