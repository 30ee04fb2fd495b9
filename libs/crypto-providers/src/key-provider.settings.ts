import { z } from 'zod';
import { type CertificateSource, certificateSettingsSchema } from './certificate/certificate.settings.js';
import { rsaKeySettingsSchema } from './rsa-key.settings.js';

/** What each built provider needs. Adding one: its settings here, its folder, its entry in the registry. */
export interface ProviderSettings {
  certificate: { source: CertificateSource };
}

/** The providers that are built. */
export type ProviderKind = keyof ProviderSettings;

/** The chosen key provider with its settings: the options of `CryptoProvidersModule`. */
export type KeyProviderSettings<K extends ProviderKind = ProviderKind> = {
  [P in K]: { kind: P } & ProviderSettings[P];
}[K];

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
  .transform(({ rsaKey, certificate }, context): KeyProviderSettings => {
    const refuse = (path: string[], message: string): never => {
      context.addIssue({ code: 'custom', path, message });
      return z.NEVER;
    };
    if (rsaKey.provider !== 'certificate')
      return refuse(['rsaKey', 'provider'], `${rsaKey.provider} is known, but not built yet; use certificate`);
    if (certificate.provider !== 'filesystem')
      return refuse(['certificate', 'provider'], `${certificate.provider} is known, but not built yet; use filesystem`);
    if (certificate.filesystemPath === undefined)
      return refuse(['certificate', 'filesystemPath'], 'is required: the PKCS#12 or PEM file with the RSA private key');
    return {
      kind: 'certificate',
      source: { kind: 'filesystem', path: certificate.filesystemPath, password: certificate.filesystemPassword },
    };
  });
