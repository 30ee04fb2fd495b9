import type { Fields, Values } from './definitions.js';
import type { KeyEncryptionKey } from './key-encryption-key.js';
import type { OpenContext } from './key-provider-module.js';
import type { Report } from './required-settings.js';
import type { OaepHashSetting } from './rsa-oaep.js';

/** What a provider is told when it opens the key: what a package is told, and what concerns ours alone. */
export interface OpenOptions extends OpenContext {
  /** The hash of RSA-OAEP in new wrappings; `undefined` leaves it to the provider. */
  readonly oaepHash?: OaepHashSetting | undefined;
  /**
   * A classic deployment's wrapping that is about to be taken over: it names no version; the one it was made with is
   * opened.
   */
  readonly classicWrapping?: Uint8Array | undefined;
}

/** What `choose` is given of every provider's settings. */
interface CommonValues {
  readonly oaepHash?: OaepHashSetting | undefined;
}

/** A place that can hold the key-encryption key. */
export interface KeyProviderDefinition<Kind extends string, F extends Fields, Settings extends object, Certificate> {
  /** The value of `rsaKey__provider`. */
  readonly kind: Kind;
  /** The settings under `rsaKey__*` that it alone looks at. */
  readonly fields: F;
  /** Whether it looks at `certificate__*` too. */
  readonly readsCertificate?: boolean;
  /** What it needs, out of the settings; whatever is missing or wrong is reported, and gives `undefined`. */
  readonly choose: (rsaKey: Values<F> & CommonValues, report: Report, certificate: Certificate) => Settings | undefined;
  /** Names the key that the settings mean, for logs; no secret in it. */
  readonly describe: (settings: Settings) => string;
  /**
   * Opens the key; imports here what it needs, so that nothing is loaded for a provider that is not chosen.
   *
   * Throws KeyProviderUnavailable (worth another try) or KeyProviderMisconfigured (only an operator can mend it).
   */
  readonly open: (settings: Settings, options: OpenOptions) => Promise<KeyEncryptionKey>;
}

/**
 * Defines a key provider; docs/adding-a-key-provider.md shows how.
 *
 * @example
 * export const example = defineKeyProvider({
 *   kind: 'example',
 *   fields: { exampleKeyName: text('Example: the name of the key.').optional() },
 *   choose: (rsaKey, report) => required('rsaKey', rsaKey, { exampleKeyName: 'the name of the key' }, report),
 *   describe: ({ exampleKeyName }) => `example key ${exampleKeyName}`,
 *   open: async (settings, options) => (await import('./open-key.js')).openExampleKey(settings, options),
 * });
 */
export const defineKeyProvider = <const Kind extends string, F extends Fields, Settings extends object, Certificate>(
  definition: KeyProviderDefinition<Kind, F, Settings, Certificate>,
): KeyProviderDefinition<Kind, F, Settings, Certificate> => definition;
