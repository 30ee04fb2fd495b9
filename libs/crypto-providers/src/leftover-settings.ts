import { certificateSettingsSchema } from './certificate-sources/certificate.settings.js';
import { certificateSources } from './certificate-sources/index.js';
import { fieldsOfOthers } from './contract/definitions.js';
import { keyProviders } from './providers/index.js';
import { rsaKeySettingsSchema } from './rsa-key.settings.js';

/** `rsaKey__provider` and `certificate__provider` as they stand in the settings; `undefined` for their defaults. */
export interface ProviderNames {
  readonly rsaKey: unknown;
  readonly certificate: unknown;
}

/**
 * The settings that the chosen provider does not look at, as paths from the root of the tree. Existing deployments keep
 * them, with values that nobody has looked at for years: they must not end a start. None where a choice is wrong
 * itself.
 *
 * @example
 * leftoverSettings({ rsaKey: 'certificate', certificate: 'filesystem' }); // [['rsaKey', 'azureKeyvaultUri'], …]
 */
export function leftoverSettings(names: ProviderNames): string[][] {
  const provider = rsaKeySettingsSchema.shape.provider.safeParse(names.rsaKey).data;
  if (provider === undefined) return [];
  const ofRsaKey = fieldsOfOthers(keyProviders, provider).map((name) => ['rsaKey', name]);
  return [...ofRsaKey, ...leftoversOfCertificate(provider, names.certificate).map((name) => ['certificate', name])];
}

function leftoversOfCertificate(keyProvider: string, named: unknown): string[] {
  const { shape } = certificateSettingsSchema;
  const readsCertificate = keyProviders.some((one) => one.kind === keyProvider && one.readsCertificate === true);
  if (!readsCertificate) return Object.keys(shape);
  const source = shape.provider.safeParse(named).data;
  return source === undefined ? [] : fieldsOfOthers(certificateSources, source);
}
