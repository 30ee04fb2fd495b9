import { open } from 'node:fs/promises';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';

/** A key file holds a key and a few certificates; anything larger is another kind of file. */
const maxBytes = 1024 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'this process may not read it; check its owner and mode',
  EPERM: 'this process may not read it; check its owner and mode',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
};

/** Why a file or folder cannot be read, for people. */
export function reasonOf(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return reasons[code] ?? code;
}

/**
 * Reads a key file.
 *
 * @param setting the setting that leads to it, for messages.
 *
 * One that is missing, unreadable or too large is KeyProviderMisconfigured.
 */
export async function readBoundedFile(path: string, setting: string): Promise<Buffer> {
  const problem = (reason: string): string => `Cannot read the key file ${path} (${setting}): ${reason}.`;
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > maxBytes) throw new KeyProviderMisconfigured(problem(`it is larger than ${maxBytes} bytes`));
    return await file.readFile();
  } catch (error) {
    if (error instanceof KeyProviderMisconfigured) throw error;
    throw new KeyProviderMisconfigured(problem(reasonOf(error)), { cause: error });
  }
}
