import { z } from 'zod';
import { type AzureKeyVaultSettings, chooseAzureKeyVault } from './azure-key-vault/azure-key-vault.settings.js';
import {
  type CertificateSettings,
  certificateSettingsSchema,
  type CertificateSource,
  chooseCertificateSource,
} from './certificate/certificate.settings.js';
import { type keyProviderKinds, type RsaKeySettings, rsaKeySettingsSchema } from './rsa-key.settings.js';
import type { OaepHash } from './rsa-oaep.js';
import type { Report } from './settings-choice.js';
import { chooseVaultTransit, type VaultTransitSettings } from './vault-transit/vault-transit.settings.js';

/**
 * What each built provider needs. Adding one: a folder with its fields and its settings, a line in `rsa-key.settings.ts`
 * for the fields, here for the settings and in `choose`, and an entry in the registry.
 */
export interface ProviderSettings {
  certificate: { source: CertificateSource };
  azurekv: AzureKeyVaultSettings;
  vaulttransit: VaultTransitSettings;
}

/** The providers that are built. */
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

/** For each built provider, its settings out of both branches; what is missing is reported, and gives `undefined`. */
const choose: { readonly [K in ProviderKind]: (given: Given, report: Report) => ProviderSettings[K] | undefined } = {
  certificate: ({ certificate }, report) => {
    const source = chooseCertificateSource(certificate, report);
    return source && { source };
  },
  azurekv: ({ rsaKey }, report) => chooseAzureKeyVault(rsaKey, report),
  vaulttransit: ({ rsaKey }, report) => chooseVaultTransit(rsaKey, report),
};

const isBuilt = (kind: (typeof keyProviderKinds)[number]): kind is ProviderKind => kind in choose;

/**
 * Turns `rsaKey__*` and `certificate__*` into the settings of the one chosen provider.
 *
 * Problems carry the path from here: `['rsaKey', 'provider']`, `['certificate', 'filesystemPath']`.
 */
export const keyProviderSettingsSchema = z
  .strictObject({
    rsaKey: rsaKeySettingsSchema.prefault({}),
    certificate: certificateSettingsSchema.prefault({}),
  })
  .transform((given, context): KeyProviderSettings => {
    const report: Report = (path, message) => {
      context.addIssue({ code: 'custom', path: [...path], message });
    };
    const kind = given.rsaKey.provider;
    if (!isBuilt(kind)) {
      report(['rsaKey', 'provider'], `${kind} is known, but not built yet; use certificate`);
      return z.NEVER;
    }
    return settingsOf(kind, given, report) ?? z.NEVER;
  });

function settingsOf<K extends ProviderKind>(kind: K, given: Given, report: Report): KeyProviderSettings<K> | undefined {
  const chosen = choose[kind](given, report);
  const { timeoutSeconds, oaepHash } = given.rsaKey;
  return chosen && Object.assign({ kind, ...chosen }, { timeoutSeconds, oaepHash });
}
