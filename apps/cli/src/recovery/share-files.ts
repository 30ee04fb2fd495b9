import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileUnreadable, fileUnreadable, readSmallText } from '@key-connector/common';
import { openShare, RecoverySharesRefused } from '@key-connector/recovery-keys';
import { CommandFailed } from '../terminal/command.errors.js';

/** A file of shares is a few lines; a pipe from another program ends soon. */
const limits = { maxBytes: 64 * 1024, seconds: 60 };

/**
 * The shares in a file or pipe, one a line; blank lines and those that begin with # are left out.
 *
 * @throws CommandFailed where it cannot be read, or has no line.
 */
export async function readShares(path: string): Promise<string[]> {
  const text = await readSmallText(path, limits).catch((error: unknown) => {
    throw unusable(fileUnreadable(path, error));
  });
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw new CommandFailed('failed', 'FILE_UNREADABLE', `${path} has no share in it.`);
  return lines;
}

/** Makes a folder for shares alone. Throws CommandFailed where it cannot, and where there is one that is not empty. */
export async function makeShareFolder(folder: string): Promise<void> {
  try {
    // Not recursive: that never ends where a folder cannot be made, below /proc for example.
    await mkdir(folder, { mode: 0o700 }).catch(unlessThere);
    if ((await readdir(folder)).length > 0)
      throw new CommandFailed(
        'refused',
        'FOLDER_NOT_EMPTY',
        `${folder} is not empty: give a folder for these shares alone.`,
      );
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw unusable(fileUnreadable(folder, error));
  }
}

/**
 * Writes each share into a file of its own, for its owner alone. They are on the disk when this is done. Gives the
 * paths.
 *
 * @throws CommandFailed where a file cannot be written; what was written stays.
 */
export async function writeShares(folder: string, lines: readonly string[]): Promise<string[]> {
  try {
    const paths = [];
    for (const line of lines) paths.push(await writeShare(folder, line));
    await syncNames(folder);
    return paths;
  } catch (error) {
    throw unusable(fileUnreadable(folder, error));
  }
}

async function writeShare(folder: string, line: string): Promise<string> {
  const { keyId, number, total, threshold } = openShare(line);
  const path = join(folder, `recovery-key-${keyId}-share-${number}-of-${total}.txt`);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(
      `# Share ${number} of ${total} of the recovery key ${keyId} of a Key Connector; ${threshold} of them together open every vault key.\n` +
        '# Keep it apart from the others. Whether it is undamaged: key-connector recovery verify-share <this file>\n' +
        `${line}\n`,
    );
    await file.sync();
  } finally {
    await file.close();
  }
  return path;
}

function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

/** That the files are in the folder is on the disk too. */
async function syncNames(folder: string): Promise<void> {
  const names = await open(folder, 'r');
  try {
    await names.sync();
  } finally {
    await names.close();
  }
}

const unusable = ({ message }: FileUnreadable): CommandFailed =>
  new CommandFailed('failed', 'FILE_UNREADABLE', `${message}.`);

/** What is wrong with a line, or `true`: for a question. */
export function checkShare(line: string): true | string {
  try {
    openShare(line);
    return true;
  } catch (error) {
    if (error instanceof RecoverySharesRefused) return error.message;
    throw error;
  }
}
