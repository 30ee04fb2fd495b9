import { open } from 'node:fs/promises';
import { KeyProviderMisconfigured } from '../key-provider.errors.js';
import type { CertificateSource } from './certificate.settings.js';
import type { KeyFileSource } from './key-file.js';

/** A key file holds a key and a few certificates; anything larger is another kind of file. */
const maxBytes = 1024 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'this process may not read it; check its owner and mode',
  EPERM: 'this process may not read it; check its owner and mode',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
};

/** Reads `certificate__filesystemPath`; a file that is missing, unreadable or too large is KeyProviderMisconfigured. */
export async function readFromFilesystem({ path, password }: CertificateSource): Promise<KeyFileSource> {
  return {
    origin: path,
    bytes: await readBounded(path),
    password,
    passwordSetting: 'certificate__filesystemPassword',
  };
}

async function readBounded(path: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > maxBytes) throw new KeyProviderMisconfigured(problem(path, `it is larger than ${maxBytes} bytes`));
    return await file.readFile();
  } catch (error) {
    if (error instanceof KeyProviderMisconfigured) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new KeyProviderMisconfigured(problem(path, reasons[code] ?? code), { cause: error });
  }
}

function problem(path: string, reason: string): string {
  return `Cannot read the key file ${path} (certificate__filesystemPath): ${reason}.`;
}
