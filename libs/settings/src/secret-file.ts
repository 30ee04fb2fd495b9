import { isAbsolute } from 'node:path';

import { FileUnreadable, readTextFile } from './text-file.js';

const maxBytes = 64 * 1024;

/** Reads a secret from its file, without the newline that editors and `echo` leave at the end; throws {@link FileUnreadable}. */
export function readSecretFile(path: string): string {
  try {
    const value = readTextFile(path, maxBytes).replace(/\r?\n$/, '');
    if (value.trim() === '') throw new FileUnreadable(path, 'is empty');
    return value;
  } catch (error) {
    if (!(error instanceof FileUnreadable) || isAbsolute(path)) throw error;
    // It may be the secret itself, given under the wrong name.
    throw new FileUnreadable('the file (not an absolute path, so not shown)', error.why);
  }
}
