import type { Fields, Values } from '../contract/definitions.js';
import type { Report } from '../contract/required-settings.js';
import type { KeyFileSource } from '../key-files/key-file.js';

/** What a source is told besides its settings. */
export interface ReadOptions {
  /** Longest wait for one answer. */
  readonly timeoutSeconds: number;
  /** The key references of the wrappings in the database: where the settings name no version, they do. */
  readonly recordedKeyReferences: readonly string[];
}

/** A place that a certificate can come from. */
export interface CertificateSourceDefinition<Kind extends string, F extends Fields, Settings extends object> {
  /** The value of `certificate__provider`. */
  readonly kind: Kind;
  /** The settings under `certificate__*` that it alone looks at. */
  readonly fields: F;
  /** What it needs, out of the settings; whatever is missing or wrong is reported, and gives `undefined`. */
  readonly choose: (certificate: Values<F>, report: Report) => Settings | undefined;
  /** Names the place, for logs; no secret in it. */
  readonly describe: (settings: Settings) => string;
  /**
   * Reads the key file; imports here what it needs, so that nothing is loaded for a source that is not chosen.
   *
   * Throws KeyProviderUnavailable (worth another try) or KeyProviderMisconfigured (only an operator can mend it).
   */
  readonly read: (settings: Settings, options: ReadOptions) => Promise<KeyFileSource>;
}

/** Defines a place that a certificate can come from; docs/adding-a-key-provider.md shows how. */
export const defineCertificateSource = <const Kind extends string, F extends Fields, Settings extends object>(
  definition: CertificateSourceDefinition<Kind, F, Settings>,
): CertificateSourceDefinition<Kind, F, Settings> => definition;
