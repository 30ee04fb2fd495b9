import { Logger } from '@nestjs/common';
import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import type { KeyProviderSettings } from '../../key-provider.settings.js';
import { oaepWith } from '../../contract/rsa-oaep.js';
import { AzureKeyVaultKeyEncryptionKey } from './azure-key-vault.key-encryption-key.js';
import { chooseVersion } from './key-version.js';
import type { VaultKey } from './vault-key.js';
import { VaultKeysClient } from './vault-keys.client.js';

const logger = new Logger('AzureKeyVault');

/**
 * Opens one version of a key in Azure Key Vault or Managed HSM.
 *
 * @param recorded the key references of the wrappings in the database.
 * @param classic a classic deployment's wrapping that is about to be taken over.
 */
export async function openAzureKeyVault(
  settings: KeyProviderSettings<'azurekv'>,
  recorded: readonly string[],
  classic: Uint8Array | undefined,
): Promise<KeyEncryptionKey> {
  const client = new VaultKeysClient(settings);
  const key = await chooseVersion(client, settings, recorded, classic);
  requireUsable(key);
  warnOutsideOfDates(key);
  return new AzureKeyVaultKeyEncryptionKey(client, key, oaepWith(settings.oaepHash ?? 'sha256'));
}

function requireUsable({ id, enabled, operations }: VaultKey): void {
  if (!enabled) throw new KeyProviderMisconfigured(`The key ${id} is disabled; enable that version again.`);
  if (!operations.includes('unwrapKey') && !operations.includes('decrypt'))
    throw new KeyProviderMisconfigured(`The key ${id} does not permit the operation unwrapKey; add it to the key.`);
}

/** The vault goes on unwrapping: an expired key must not lock every member out. */
function warnOutsideOfDates({ id, notBefore, expiresOn }: VaultKey): void {
  const now = new Date();
  if (expiresOn !== undefined && expiresOn <= now)
    logger.warn({ msg: 'The key has expired; it goes on opening data keys', key: id, expiresOn });
  if (notBefore !== undefined && notBefore > now)
    logger.warn({ msg: 'The key is not valid yet; it opens data keys, but wraps no new one', key: id, notBefore });
}
