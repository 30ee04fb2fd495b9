import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Keeps compiled code between starts, in a folder of the temporary folder, or not at all: Node runs what it finds there
 * as it is, so whoever can write there runs code as this user. NODE_COMPILE_CACHE names another folder, unchecked.
 */
export function useCompileCache(): void {
  const folder = privateFolder(tmpdir());
  if (folder !== undefined) enableCompileCache(folder);
}

/**
 * This user's own folder in the temporary one, made if need be; undefined when anybody else may write to it or swap it.
 */
export function privateFolder(temporary: string): string | undefined {
  // On Windows, files have no owner and mode to look at.
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  try {
    const folder = join(realpathSync(temporary), `key-connector-${user}`);
    mkdirSync(folder, { mode: 0o700, recursive: true });
    return isOnlyMine(folder, user) && isSafeParent(dirname(folder), user) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Not a link either: `lstat` tells of the link itself. */
function isOnlyMine(folder: string, user: number): boolean {
  const info = lstatSync(folder);
  return info.isDirectory() && info.uid === user && (info.mode & 0o077) === 0;
}

/** Up to the root, nobody but this user and root can replace a folder: in a sticky one, only what is their own. */
function isSafeParent(folder: string, user: number): boolean {
  const { uid, mode } = lstatSync(folder);
  const isSticky = (mode & 0o1000) !== 0;
  if ((uid !== 0 && uid !== user) || ((mode & 0o022) !== 0 && !isSticky)) return false;
  const parent = dirname(folder);
  return parent === folder || isSafeParent(parent, user);
}
