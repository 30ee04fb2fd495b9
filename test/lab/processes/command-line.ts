import { existsSync } from 'node:fs';
import { chown, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** User and group `nobody`, by number: the group's name differs between distributions. */
const NOBODY = 65534;

const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
const hasSetpriv =
  isLinux && (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'setpriv')));

/**
 * The command line under which the kernel kills the program when this process dies, however it dies: jest runs no exit
 * listener of a test. Where there is no setpriv (util-linux, Linux only) it is the program's own.
 */
export function tiedToUs(program: string, args: readonly string[]): [string, string[]] {
  return hasSetpriv ? ['setpriv', ['--pdeathsig=KILL', '--', program, ...args]] : [program, [...args]];
}

/** The same, and as nobody when this process is root: PostgreSQL refuses to run as root. */
export function unprivileged(program: string, args: readonly string[]): [string, string[]] {
  if (!isRoot || !isLinux) return tiedToUs(program, args);
  const identity = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return ['setpriv', [...identity, '--pdeathsig=KILL', '--', program, ...args]];
}

/** Gives a folder to the user that `unprivileged` programs run as. */
export async function giveToUnprivileged(folder: string): Promise<void> {
  if (isRoot) await chown(folder, NOBODY, NOBODY);
}

/** Gives it a folder with all that is in it. */
export async function giveTreeToUnprivileged(folder: string): Promise<void> {
  await giveToUnprivileged(folder);
  for (const path of await readdir(folder, { recursive: true })) await giveToUnprivileged(join(folder, path));
}
