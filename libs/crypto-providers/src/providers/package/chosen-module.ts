import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import type { OpenContext } from '../../contract/key-provider-module.js';
import type { LoadedModule } from './load-module.js';
import { PackageFault, translated } from './package.errors.js';
import { ProvidedKeyEncryptionKey } from './provided-key.js';
import { isSecret, type PackageValues } from './settings-fields.js';

/** A package and the settings that it has accepted: nothing is left to choose but when to open the key. */
export class ChosenModule {
  /** The package's name. */
  readonly package: string;
  /** What was given, fit to be printed. */
  readonly given: PackageValues;
  /** Names the key that the settings mean; no secret in it. */
  readonly description: string;
  /** Private for good: it holds the secrets, and what a log prints of this object is its other fields. */
  readonly #open: (context: OpenContext) => Promise<KeyEncryptionKey>;

  /** Throws KeyProviderMisconfigured where the package cannot describe the settings that it accepted. */
  constructor({ name, provider, fields }: LoadedModule, given: PackageValues, settings: unknown) {
    this.package = name;
    this.given = Object.fromEntries(
      Object.entries(given).map(([setting, value]) => [setting, isSecret(fields[setting]) ? '***' : value]),
    );
    this.description = `${describe(name, () => provider.describe(settings))} (${name})`;
    this.#open = async (context) => {
      const key = await provider.open(settings, context).catch((error: unknown) => {
        throw translated(name, 'open()', error);
      });
      return new ProvidedKeyEncryptionKey(name, key);
    };
  }

  /** Opens the key; throws KeyProviderUnavailable (worth another try) or KeyProviderMisconfigured. */
  open(context: OpenContext): Promise<KeyEncryptionKey> {
    return this.#open(context);
  }
}

function describe(name: string, work: () => unknown): string {
  let description: unknown;
  try {
    description = work();
  } catch (error) {
    throw translated(name, 'describe()', error);
  }
  if (typeof description !== 'string' || description.trim() === '') throw new PackageFault(name, 'describes nothing');
  return description;
}
