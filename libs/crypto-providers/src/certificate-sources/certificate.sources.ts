import type { CertificateSource, CertificateSourceKind } from './certificate.settings.js';
import type { KeyFileSource, ReadOptions } from '../key-files/key-file.js';

type Read<K extends CertificateSourceKind> = (
  source: CertificateSource<K>,
  options: ReadOptions,
) => Promise<KeyFileSource>;

/** One entry a place that a certificate can come from; its code is loaded when it is chosen. */
const read: { [K in CertificateSourceKind]: Read<K> } = {
  filesystem: async (source) => (await import('./filesystem.source.js')).readFromFilesystem(source),
  store: async (source) => (await import('./store.source.js')).readFromStore(source),
  azurestorage: async (source, options) =>
    (await import('./azure-storage.source.js')).readFromAzureStorage(source, options),
  azurekv: async (source, options) =>
    (await import('./azure-key-vault.source.js')).readFromAzureKeyVault(source, options),
  vault: async (source, options) => (await import('./vault.source.js')).readFromVault(source, options),
};

/** Reads the key file from the chosen place. */
export function readKeyFileSource<K extends CertificateSourceKind>(
  source: CertificateSource<K>,
  options: ReadOptions,
): Promise<KeyFileSource> {
  return read[source.kind](source, options);
}
