import { readBoundedFile } from './bounded-file.js';
import type { CertificateSource } from './certificate.settings.js';
import type { KeyFileSource } from '../key-files/key-file.js';

/** Reads `certificate__filesystemPath`; a file that is missing, unreadable or too large is KeyProviderMisconfigured. */
export async function readFromFilesystem({ path, password }: CertificateSource<'filesystem'>): Promise<KeyFileSource> {
  return {
    origin: path,
    bytes: await readBoundedFile(path, 'certificate__filesystemPath'),
    password,
    passwordSetting: 'certificate__filesystemPassword',
  };
}
