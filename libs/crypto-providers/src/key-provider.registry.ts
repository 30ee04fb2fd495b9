import { describeCertificateSource } from './certificate-sources/certificate.settings.js';
import { DeadlineKeyEncryptionKey } from './contract/deadline.js';
import type { KeyEncryptionKey } from './contract/key-encryption-key.js';
import type { KeyProviderSettings, ProviderKind } from './key-provider.settings.js';

/**
 * `recorded` are the key references of the wrappings in the database. A provider whose settings name no version opens the
 * recorded one, so that a new version changes nothing by itself. `classic` is the wrapping of a classic deployment that is
 * about to be taken over: it names no version, and the provider opens the one that it was made with.
 */
type Open<K extends ProviderKind> = (
  settings: KeyProviderSettings<K>,
  recorded: readonly string[],
  classic: Uint8Array | undefined,
) => Promise<KeyEncryptionKey>;

/** One entry a provider; its code and its SDK are loaded when it is chosen. */
const open: { [K in ProviderKind]: Open<K> } = {
  awskms: async (settings, recorded) => (await import('./providers/aws-kms/index.js')).openAwsKms(settings, recorded),
  certificate: async (settings, recorded) =>
    (await import('./providers/certificate/index.js')).openCertificate(settings, recorded),
  gcpkms: async (settings) => (await import('./providers/google-cloud-kms/index.js')).openGoogleCloudKms(settings),
  azurekv: async (settings, recorded, classic) =>
    (await import('./providers/azure-key-vault/index.js')).openAzureKeyVault(settings, recorded, classic),
  vaulttransit: async (settings, recorded) =>
    (await import('./providers/vault-transit/index.js')).openVaultTransit(settings, recorded),
  // Its code was loaded before its settings could be read.
  module: ({ module, timeoutSeconds }, recorded) => module.open({ recordedKeyReferences: recorded, timeoutSeconds }),
  pkcs11: async (settings) => (await import('./providers/pkcs11/index.js')).openPkcs11(settings),
};

/** Opens the key-encryption key of the chosen provider; each of its calls has the deadline of the settings. */
export async function openKeyEncryptionKey<K extends ProviderKind>(
  settings: KeyProviderSettings<K>,
  recorded: readonly string[],
  classic: Uint8Array | undefined,
): Promise<KeyEncryptionKey> {
  const key = await open[settings.kind](settings, recorded, classic);
  return new DeadlineKeyEncryptionKey(key, settings.timeoutSeconds);
}

/** Names the chosen provider and where it finds its key; no secret in it. */
const describe: { [K in ProviderKind]: (settings: KeyProviderSettings<K>) => string } = {
  awskms: ({ keyId, region }) => `AWS KMS ${keyId} in ${region}`,
  gcpkms: ({ keyVersion }) => `Google Cloud KMS ${keyVersion}`,
  certificate: ({ source }) => `certificate ${describeCertificateSource(source)}`,
  azurekv: ({ access, keyName }) => `key ${keyName} of ${access.vaultUri}`,
  vaulttransit: ({ vault, mount, keyName }) => `Vault transit key ${mount}/keys/${keyName} at ${vault.server}`,
  module: ({ module }) => module.description,
  pkcs11: ({ token }) => `PKCS#11 module ${token.library}`,
};

/** Names the chosen provider for logs. */
export function describeKeyProvider<K extends ProviderKind>(settings: KeyProviderSettings<K>): string {
  return describe[settings.kind](settings);
}
