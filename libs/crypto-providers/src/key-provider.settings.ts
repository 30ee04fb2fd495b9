import { z } from 'zod';
import { type AwsKmsSettings, chooseAwsKms } from './providers/aws-kms/aws-kms.settings.js';
import { type AzureKeyVaultSettings, chooseAzureKeyVault } from './providers/azure-key-vault/azure-key-vault.settings.js';
import {
  type CertificateSettings,
  certificateSettingsSchema,
  type CertificateSource,
  chooseCertificateSource,
} from './certificate-sources/certificate.settings.js';
import { ChosenModule } from './providers/package/chosen-module.js';
import type { LoadedModule } from './providers/package/load-module.js';
import { isModuleProvider } from './providers/package/module-name.js';
import { moduleSettingsSchema } from './providers/package/module.settings.js';
import { chooseGoogleCloudKms, type GoogleCloudKmsSettings } from './providers/google-cloud-kms/google-cloud-kms.settings.js';
import { choosePkcs11, type Pkcs11Settings } from './providers/pkcs11/pkcs11.settings.js';
import { type RsaKeySettings, rsaKeySettingsSchema } from './rsa-key.settings.js';
import type { OaepHash } from './contract/rsa-oaep.js';
import type { Report } from './contract/required-settings.js';
import { chooseVaultTransit, type VaultTransitSettings } from './providers/vault-transit/vault-transit.settings.js';

/**
 * What each provider needs. Adding one: a folder with its fields and its settings, a line in `rsa-key.settings.ts`
 * for the fields, here for the settings and in `choose`, and an entry in the registry.
 */
export interface ProviderSettings {
  awskms: AwsKmsSettings;
  certificate: { source: CertificateSource };
  gcpkms: GoogleCloudKmsSettings;
  azurekv: AzureKeyVaultSettings;
  vaulttransit: VaultTransitSettings;
  module: { module: ChosenModule };
  pkcs11: Pkcs11Settings;
}

/** The providers. */
export type ProviderKind = keyof ProviderSettings;

/** What every provider is given. */
export interface CommonSettings {
  /** Longest wait for one answer of the provider. */
  timeoutSeconds: number;
  /** The hash of RSA-OAEP in new wrappings; without it the provider's own default. */
  oaepHash?: OaepHash | undefined;
}

/** The chosen key provider with its settings: the options of `CryptoProvidersModule`. */
export type KeyProviderSettings<K extends ProviderKind = ProviderKind> = {
  [P in K]: { kind: P } & ProviderSettings[P];
}[K] &
  CommonSettings;

interface Given {
  readonly rsaKey: RsaKeySettings;
  readonly certificate: CertificateSettings;
}

/** For each provider, its settings out of both branches; what is missing is reported, and gives `undefined`. */
const choose: { readonly [K in ProviderKind]: (given: Given, report: Report) => ProviderSettings[K] | undefined } = {
  awskms: ({ rsaKey }, report) => chooseAwsKms(rsaKey, report),
  certificate: ({ certificate }, report) => {
    const source = chooseCertificateSource(certificate, report);
    return source && { source };
  },
  gcpkms: ({ rsaKey }, report) => chooseGoogleCloudKms(rsaKey, report),
  azurekv: ({ rsaKey }, report) => chooseAzureKeyVault(rsaKey, report),
  vaulttransit: ({ rsaKey }, report) => chooseVaultTransit(rsaKey, report),
  module: ({ rsaKey: { module } }, report) => {
    if (module instanceof ChosenModule) return { module };
    report(['rsaKey', 'provider'], 'names a package that was not loaded');
    return undefined;
  },
  pkcs11: choosePkcs11,
};

function settingsOf<K extends ProviderKind>(kind: K, given: Given, report: Report): KeyProviderSettings<K> | undefined {
  const chosen = choose[kind](given, report);
  const { timeoutSeconds, oaepHash } = given.rsaKey;
  return chosen && Object.assign({ kind, ...chosen }, { timeoutSeconds, oaepHash });
}

/** What a schema of `rsaKey__*` with or without a package's settings gives, and `certificate__*` beside it. */
const schemaWith = (rsaKey: z.ZodType<RsaKeySettings>) =>
  z
    .strictObject({
      rsaKey: rsaKey.prefault({}),
      certificate: certificateSettingsSchema.prefault({}),
    })
    .transform((given, context): KeyProviderSettings => {
      const report: Report = (path, message) => {
        context.addIssue({ code: 'custom', path: [...path], message });
      };
      const { provider } = given.rsaKey;
      const kind = isModuleProvider(provider) ? 'module' : provider;
      return settingsOf(kind, given, report) ?? z.NEVER;
    });

/**
 * Turns `rsaKey__*` and `certificate__*` into the settings of the one chosen provider.
 *
 * Problems carry the path from here: `['rsaKey', 'provider']`, `['certificate', 'filesystemPath']`.
 */
export const keyProviderSettingsSchema = schemaWith(rsaKeySettingsSchema);

/** The same with the settings of a package, for `rsaKey__provider: module:<package>`. */
export const keyProviderSettingsSchemaOf = (loaded: LoadedModule): typeof keyProviderSettingsSchema =>
  schemaWith(rsaKeySettingsSchema.extend({ module: moduleSettingsSchema(loaded) }));
