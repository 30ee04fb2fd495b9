import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import { recordedVersion } from '../../clients/vault/recorded-version.js';
import { VaultClient } from '../../clients/vault/vault.client.js';
import { TransitKey } from './transit.key.js';
import { TransitKeyEncryptionKey } from './transit.key-encryption-key.js';
import type { KeyProviderSettings } from '../../key-provider.settings.js';

/** Opens the version that the settings name, else the one that the wrappings in the database name, else the newest. */
export async function openVaultTransit(
  settings: KeyProviderSettings<'vaulttransit'>,
  recorded: readonly string[],
): Promise<KeyEncryptionKey> {
  const key = new TransitKey(new VaultClient(settings.vault, settings.timeoutSeconds), settings);
  const facts = await key.read();
  const version = settings.keyVersion ?? recordedVersion(key.referencePrefix, recorded) ?? facts.latest_version;
  return new TransitKeyEncryptionKey(key, facts, version, key.publicKey(facts, version));
}
