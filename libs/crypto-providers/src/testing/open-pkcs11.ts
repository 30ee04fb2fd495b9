import { keyProviderSettingsSchema } from '../key-provider.settings.js';
import type { KeyEncryptionKey } from '../contract/key-encryption-key.js';
import { openPkcs11 } from '../providers/pkcs11/open-key.js';

/** `rsaKey__pkcs11*` and `certificate__*`, as they stand in a YAML file. */
export interface Pkcs11TestSettings {
  readonly rsaKey: Readonly<Record<string, unknown>>;
  readonly certificate?: Readonly<Record<string, unknown>> | undefined;
}

/** Opens the key, with a module that sees `environment` alone; whoever opens it closes it. */
export function openPkcs11InEnvironment(
  { rsaKey, certificate }: Pkcs11TestSettings,
  environment: NodeJS.ProcessEnv,
): Promise<KeyEncryptionKey> {
  const settings = keyProviderSettingsSchema.parse({ rsaKey: { provider: 'pkcs11', ...rsaKey }, certificate });
  if (settings.kind !== 'pkcs11') throw new Error('not the settings of a PKCS#11 key');
  return openPkcs11(settings, settings, environment);
}
