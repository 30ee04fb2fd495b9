import { choice, secret, text, uri } from '@key-connector/common';
import { z } from 'zod';
import { type Report, required } from '../settings-choice.js';
import { chooseStore, type StoreSettings } from './store.settings.js';
import { vaultSourceFields } from './vault.source.fields.js';
import { chooseVaultSource, type VaultSourceSettings } from './vault.source.settings.js';

/** Every place that the settings know for a certificate, in the order of the reference. */
export const certificateSourceKinds = ['filesystem', 'store', 'azurestorage', 'azurekv', 'vault'] as const;

/** `certificate__*`: where the certificate with the RSA key is, for `rsaKey__provider: certificate`. */
export const certificateSettingsSchema = z.strictObject({
  provider: choice('Where the certificate is kept.', certificateSourceKinds).default('filesystem'),

  filesystemPath: text('The PKCS#12 or PEM file with the RSA private key.').optional(),
  filesystemPassword: secret('The password of that file.').optional(),

  storeThumbprint: text('.NET certificate store of the user: the SHA-1 thumbprint.').optional(),

  azureStorageConnectionString: secret('Azure Storage: the connection string.').optional(),
  azureStorageContainer: text('Azure Storage: the container.').optional(),
  azureStorageFileName: text('Azure Storage: the name of the PKCS#12 blob.').optional(),
  azureStorageFilePassword: secret('Azure Storage: the password of the PKCS#12.').optional(),

  azureKeyvaultUri: uri('Azure Key Vault: the vault.').optional(),
  azureKeyvaultCertificateName: text('Azure Key Vault: the name of the exportable certificate.').optional(),
  azureKeyvaultAdTenantId: text(
    'Azure Key Vault: the Entra tenant; blank for the default credential chain.',
  ).optional(),
  azureKeyvaultAdAppId: text('Azure Key Vault: the application (client) id.').optional(),
  azureKeyvaultAdSecret: secret('Azure Key Vault: the application’s secret.').optional(),

  ...vaultSourceFields,
});

/** `certificate__*` as the schema gives it. */
export type CertificateSettings = z.output<typeof certificateSettingsSchema>;

/** What each built source needs. Adding one: its settings here, its reader in `certificate.sources.ts`. */
export interface CertificateSourceSettings {
  filesystem: { path: string; password?: string | undefined };
  store: StoreSettings;
  vault: VaultSourceSettings;
}

/** The sources that are built. */
export type CertificateSourceKind = keyof CertificateSourceSettings;

/** The chosen source with its settings. */
export type CertificateSource<K extends CertificateSourceKind = CertificateSourceKind> = {
  [P in K]: { kind: P } & CertificateSourceSettings[P];
}[K];

/** For each built source, its settings out of `certificate__*`; what is missing is reported. */
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
  vault: chooseVaultSource,
};

/** The chosen source of the certificate; what is wrong is reported, and the answer is `undefined`. */
export function chooseCertificateSource(settings: CertificateSettings, report: Report): CertificateSource | undefined {
  const kind = settings.provider;
  if (!isBuilt(kind)) {
    report(['certificate', 'provider'], `${kind} is known, but not built yet; use filesystem`);
    return undefined;
  }
  return sourceOf(kind, settings, report);
}

function sourceOf<K extends CertificateSourceKind>(
  kind: K,
  settings: CertificateSettings,
  report: Report,
): CertificateSource<K> | undefined {
  const chosen = choose[kind](settings, report);
  return chosen && { kind, ...chosen };
}

const isBuilt = (kind: (typeof certificateSourceKinds)[number]): kind is CertificateSourceKind => kind in choose;

/** For each built source, where its certificate is, for people. */
const describe: { readonly [K in CertificateSourceKind]: (source: CertificateSource<K>) => string } = {
  filesystem: ({ path }) => path,
  store: ({ thumbprint }) => `${thumbprint} in the .NET store`,
  vault: ({ vault, mount, path }) => `${mount}/${path} in Vault at ${vault.server}`,
};

/** Names the place of the certificate; no secret in it. */
export function describeCertificateSource<K extends CertificateSourceKind>(source: CertificateSource<K>): string {
  return describe[source.kind](source);
}
