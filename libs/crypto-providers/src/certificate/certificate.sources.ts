import type { CertificateSource, CertificateSourceKind } from './certificate.settings.js';
import type { KeyFileSource } from './key-file.js';

/** What a place that is reached over a network needs besides its settings. */
export interface ReadOptions {
  /** Longest wait for one answer. */
  readonly timeoutSeconds: number;
  /** The key references of the wrappings in the database: where the settings name no version, they do. */
  readonly recorded: readonly string[];
}

type Read<K extends CertificateSourceKind> = (
  source: CertificateSource<K>,
  options: ReadOptions,
) => Promise<KeyFileSource>;

/** One entry a place that a certificate can come from; its code is loaded when it is chosen. */
const read: { [K in CertificateSourceKind]: Read<K> } = {
  filesystem: async (source) => (await import('./filesystem.source.js')).readFromFilesystem(source),
};

/** Reads the key file from the chosen place. */
export function readKeyFileSource<K extends CertificateSourceKind>(
  source: CertificateSource<K>,
  options: ReadOptions,
): Promise<KeyFileSource> {
  return read[source.kind](source, options);
}
