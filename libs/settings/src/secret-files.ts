import { isAbsolute } from 'node:path';
import { FileUnreadable, readSmallText } from '@key-connector/common';

import type { Resolution, Resolved } from './resolve.js';
import { type Problem, settingProblem } from './settings.errors.js';

const maxBytes = 64 * 1024;

/** A command behind a pipe may have to log in somewhere first. */
const usualSeconds = 10;

/**
 * Puts the content of its file in the place of every path that was given as `<name>_FILE`. Each file is opened and read
 * once, also where several settings name it: a pipe gives what it holds only once.
 */
export async function readSecretFiles(values: readonly Resolved[], seconds = usualSeconds): Promise<Resolution> {
  const files = new Map<string, Promise<string>>();
  const contentOf = (path: string): Promise<string> => {
    const reading = files.get(path) ?? readSecret(path, seconds);
    files.set(path, reading);
    return reading;
  };
  const problems: Problem[] = [];
  const read = values.map(async (resolved): Promise<Resolved[]> => {
    if (!resolved.byFile) return [resolved];
    try {
      return [{ ...resolved, value: await contentOf(String(resolved.value).trim()), byFile: false }];
    } catch (error) {
      if (!(error instanceof FileUnreadable)) throw error;
      problems.push(settingProblem(resolved.setting.path, `cannot be read: ${error.message}`, resolved.source));
      return [];
    }
  });
  return { values: (await Promise.all(read)).flat(), problems };
}

/** Reads a secret without the newline that editors and `echo` leave at the end; throws {@link FileUnreadable}. */
async function readSecret(path: string, seconds: number): Promise<string> {
  try {
    const value = (await readSmallText(path, { maxBytes, seconds })).replace(/\r?\n$/, '');
    if (value.trim() === '') throw new FileUnreadable(path, 'is empty');
    return value;
  } catch (error) {
    if (!(error instanceof FileUnreadable) || isAbsolute(path)) throw error;
    // It may be the secret itself, given under the wrong name.
    throw new FileUnreadable('the file (not an absolute path, so not shown)', error.why);
  }
}
