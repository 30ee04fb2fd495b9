import { z } from 'zod';
import { type CertificateSettings, certificateSettingsSchema } from './certificate-sources/certificate.settings.js';
import { byKind } from './contract/definitions.js';
import type { KeyEncryptionKey } from './contract/key-encryption-key.js';
import type { OpenOptions } from './contract/key-provider-definition.js';
import type { Report } from './contract/required-settings.js';
import type { OaepHashSetting } from './contract/rsa-oaep.js';
import { keyProviders } from './providers/index.js';
import { packageProvider } from './providers/package/index.js';
import type { LoadedModule } from './providers/package/load-module.js';
import { isModuleProvider } from './providers/package/module-name.js';
import { moduleSettingsSchema } from './providers/package/package.settings.js';
import { type RsaKeySettings, rsaKeySettingsSchema } from './rsa-key.settings.js';

const allProviders = [...keyProviders, packageProvider] as const;

/** The settings of each provider, by its kind. */
type ProviderSettings = {
  [D in (typeof allProviders)[number] as D['kind']]: NonNullable<ReturnType<D['choose']>>;
};

/** The providers: our own, and `module` for those that packages bring. */
type ProviderKind = keyof ProviderSettings;

/** What every provider is given. */
interface CommonSettings {
  /** Longest wait for one answer of the provider, in seconds. */
  readonly timeoutSeconds: number;
  /** The hash of RSA-OAEP in new wrappings; without it the provider's own default. */
  readonly oaepHash?: OaepHashSetting | undefined;
}

/**
 * The chosen key provider with its settings: the options of `CryptoProvidersModule`. Secrets in it are of type
 * `Secret`.
 *
 * @example
 * const settings: KeyProviderSettings = {
 *   kind: 'certificate',
 *   timeoutSeconds: 15,
 *   source: { kind: 'filesystem', path: '/etc/key-connector/key.pfx', password: new Secret('…') },
 * };
 */
export type KeyProviderSettings<K extends ProviderKind = ProviderKind> = {
  [P in K]: { readonly kind: P } & ProviderSettings[P];
}[K] &
  CommonSettings;

interface Definition<K extends ProviderKind> {
  choose(rsaKey: RsaKeySettings, report: Report, certificate: CertificateSettings): ProviderSettings[K] | undefined;
  describe(settings: ProviderSettings[K]): string;
  open(settings: ProviderSettings[K], options: OpenOptions): Promise<KeyEncryptionKey>;
}

const definitions: { readonly [K in ProviderKind]: Definition<K> } = byKind(allProviders);

/** Names the chosen provider and where it finds its key, for logs; no secret in it. */
export function describeKeyProvider<K extends ProviderKind>(settings: KeyProviderSettings<K>): string {
  return definitions[settings.kind].describe(settings);
}

/** Opens the key-encryption key of the chosen provider, whose code and SDK are loaded now. */
export function openKeyEncryptionKey<K extends ProviderKind>(
  settings: KeyProviderSettings<K>,
  found: Pick<OpenOptions, 'recordedKeyReferences' | 'classicWrapping'>,
): Promise<KeyEncryptionKey> {
  const { timeoutSeconds, oaepHash } = settings;
  return definitions[settings.kind].open(settings, { timeoutSeconds, oaepHash, ...found });
}

interface Branches {
  readonly rsaKey: RsaKeySettings;
  readonly certificate: CertificateSettings;
}

function choose<K extends ProviderKind>(
  kind: K,
  { rsaKey, certificate }: Branches,
  report: Report,
): KeyProviderSettings<K> | undefined {
  const chosen = definitions[kind].choose(rsaKey, report, certificate);
  const { timeoutSeconds, oaepHash } = rsaKey;
  return chosen && Object.assign({ kind, ...chosen }, { timeoutSeconds, oaepHash });
}

/** What a schema of `rsaKey__*` with or without a package's settings gives, and `certificate__*` beside it. */
const schemaWith = (rsaKey: z.ZodType<RsaKeySettings>) =>
  z
    .strictObject({
      rsaKey: rsaKey.prefault({}),
      certificate: certificateSettingsSchema.prefault({}),
    })
    .transform((branches, context): KeyProviderSettings => {
      const report: Report = (path, message) => {
        context.addIssue({ code: 'custom', path: [...path], message });
      };
      const { provider } = branches.rsaKey;
      return choose(isModuleProvider(provider) ? 'module' : provider, branches, report) ?? z.NEVER;
    });

/**
 * Turns `rsaKey__*` and `certificate__*` into the settings of the one chosen provider.
 *
 * Problems carry the path from here: `['rsaKey', 'provider']`, `['certificate', 'filesystemPath']`.
 *
 * @example
 * keyProviderSettingsSchema.parse({ certificate: { filesystemPath: '/etc/key-connector/key.pfx' } }).kind; // 'certificate'
 */
export const keyProviderSettingsSchema = schemaWith(rsaKeySettingsSchema);

/** The same with the settings of a package that `loadModule` gave, for `rsaKey__provider: module:<package>`. */
export const keyProviderSettingsSchemaOf = (loaded: LoadedModule): typeof keyProviderSettingsSchema =>
  schemaWith(rsaKeySettingsSchema.extend({ module: moduleSettingsSchema(loaded) }));
