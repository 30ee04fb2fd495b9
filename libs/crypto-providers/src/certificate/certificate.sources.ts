import type { CertificateSource, CertificateSourceKind } from './certificate.settings.js';
import type { KeyFileSource } from './key-file.js';

/** One entry a place that a certificate can come from; its code is loaded when it is chosen. */
const read: { [K in CertificateSourceKind]: (source: CertificateSource<K>) => Promise<KeyFileSource> } = {
  filesystem: async (source) => (await import('./filesystem.source.js')).readFromFilesystem(source),
};

/** Reads the key file from the chosen place. */
export function readKeyFileSource<K extends CertificateSourceKind>(
  source: CertificateSource<K>,
): Promise<KeyFileSource> {
  return read[source.kind](source);
}
