import { lstat, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandFailed } from '../terminal/command.errors.js';

/** A file to be written, for its owner alone. */
export interface NewFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/**
 * Writes files into a folder that may have to be made: all of them or none, on the disk when it resolves, and nothing
 * that is there is overwritten.
 */
export async function writeNewFiles(folder: string, files: readonly NewFile[]): Promise<void> {
  await assertNone(folder, files);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  try {
    for (const { name, content } of files) {
      const path = join(folder, name);
      // The owner may read and write it. One that has just come into being is refused.
      const file = await open(path, 'wx', 0o600);
      written.push(path);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    for (const path of [folder, dirname(folder)]) await syncFolder(path);
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    throw error;
  }
}

/** Throws `refused` where one of the files is there. */
export async function assertNone(folder: string, files: readonly Pick<NewFile, 'name'>[]): Promise<void> {
  for (const { name } of files) {
    const path = join(folder, name);
    const isThere = await lstat(path).then(
      () => true,
      () => false,
    );
    if (isThere)
      throw new CommandFailed(
        'refused',
        'FILE_EXISTS',
        `${path} is there already, and nothing is overwritten: name another --directory, or move it away.`,
      );
  }
}

/** That a file has a name is kept too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
