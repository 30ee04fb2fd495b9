import { choice, secretText, text } from '@key-connector/common';
import { z } from 'zod';
import { type Report, required } from '../contract/required-settings.js';
import { azureKeyVaultSourceFields } from './azure-key-vault.source.fields.js';
import { type AzureKeyVaultSourceSettings, chooseAzureKeyVaultSource } from './azure-key-vault.source.settings.js';
import { type AzureStorageSourceSettings, chooseAzureStorage } from './azure-storage.source.settings.js';
import { chooseStore, type StoreSettings } from './store.settings.js';
import { vaultSourceFields } from './vault.source.fields.js';
import { chooseVaultSource, type VaultSourceSettings } from './vault.source.settings.js';

/** Every place that the settings know for a certificate, in the order of the reference. */
export const certificateSourceKinds = ['filesystem', 'store', 'azurestorage', 'azurekv', 'vault'] as const;

/** For each place, the settings that it alone looks at. */
export const certificateSourceFields = {
  filesystem: {
    filesystemPath: text('The PKCS#12 or PEM file with the RSA private key.').optional(),
    filesystemPassword: secretText('The password of that file.').optional(),
  },
  store: {
    storeThumbprint: text('.NET certificate store of the user: the SHA-1 thumbprint.').optional(),
  },
  azurestorage: {
    azureStorageConnectionString: secretText('Azure Storage: the connection string.').optional(),
    azureStorageContainer: text('Azure Storage: the container.').optional(),
    azureStorageFileName: text('Azure Storage: the name of the PKCS#12 blob.').optional(),
    azureStorageFilePassword: secretText('Azure Storage: the password of the PKCS#12.').optional(),
  },
  azurekv: azureKeyVaultSourceFields,
  vault: vaultSourceFields,
} as const satisfies Record<(typeof certificateSourceKinds)[number], object>;

/** `certificate__*`: where the certificate with the RSA key is, for `rsaKey__provider: certificate`. */
export const certificateSettingsSchema = z.strictObject({
  provider: choice('Where the certificate is kept.', certificateSourceKinds).default('filesystem'),
  ...certificateSourceFields.filesystem,
  ...certificateSourceFields.store,
  ...certificateSourceFields.azurestorage,
  ...certificateSourceFields.azurekv,
  ...certificateSourceFields.vault,
});

/** `certificate__*` as the schema gives it. */
export type CertificateSettings = z.output<typeof certificateSettingsSchema>;

/** What each source needs. Adding one: its settings here, its reader in `certificate.sources.ts`. */
export interface CertificateSourceSettings {
  filesystem: { path: string; password?: string | undefined };
  store: StoreSettings;
  azurestorage: AzureStorageSourceSettings;
  azurekv: AzureKeyVaultSourceSettings;
  vault: VaultSourceSettings;
}

/** A source by its name in the settings. */
export type CertificateSourceKind = keyof CertificateSourceSettings;

/** The chosen source with its settings. */
export type CertificateSource<K extends CertificateSourceKind = CertificateSourceKind> = {
  [P in K]: { kind: P } & CertificateSourceSettings[P];
}[K];

/** For each source, its settings out of `certificate__*`; what is missing is reported. */
const choose: {
  readonly [K in CertificateSourceKind]: (
    settings: CertificateSettings,
    report: Report,
  ) => CertificateSourceSettings[K] | undefined;
} = {
  filesystem: (settings, report) => {
    const missing = { filesystemPath: 'the PKCS#12 or PEM file with the RSA private key' };
    const given = required('certificate', settings, missing, report);
    return given && { path: given.filesystemPath, password: settings.filesystemPassword };
  },
  store: chooseStore,
  azurestorage: chooseAzureStorage,
  azurekv: chooseAzureKeyVaultSource,
  vault: chooseVaultSource,
};

/** The chosen source of the certificate; what is wrong is reported, and the answer is `undefined`. */
export function chooseCertificateSource(settings: CertificateSettings, report: Report): CertificateSource | undefined {
  return sourceOf(settings.provider, settings, report);
}

function sourceOf<K extends CertificateSourceKind>(
  kind: K,
  settings: CertificateSettings,
  report: Report,
): CertificateSource<K> | undefined {
  const chosen = choose[kind](settings, report);
  return chosen && { kind, ...chosen };
}

/** For each source, where its certificate is, for people. */
const describe: { readonly [K in CertificateSourceKind]: (source: CertificateSource<K>) => string } = {
  filesystem: ({ path }) => path,
  store: ({ thumbprint }) => `${thumbprint} in the .NET store`,
  azurestorage: ({ container, blob }) => `${container}/${blob} in Azure Storage`,
  azurekv: ({ access, name }) => `${name} in ${access.vaultUri}`,
  vault: ({ vault, mount, path }) => `${mount}/${path} in Vault at ${vault.server}`,
};

/** Names the place of the certificate; no secret in it. */
export function describeCertificateSource<K extends CertificateSourceKind>(source: CertificateSource<K>): string {
  return describe[source.kind](source);
}
