import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tiedToUs } from './tied-to-us.ts';

/** User and group `nobody`, by number: the group's name differs between distributions. */
const NOBODY = 65534;

const isRoot = process.getuid?.() === 0;

/** The command line that runs a database server: tied to this process, and as nobody when we are root, whom PostgreSQL refuses. */
export function unprivileged(program: string, args: readonly string[]): [string, string[]] {
  if (!isRoot || process.platform !== 'linux') return tiedToUs(program, args);
  const identity = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return ['setpriv', [...identity, '--pdeathsig=KILL', '--', program, ...args]];
}

/** Gives a folder to the user that `unprivileged` runs as. */
export async function giveToUnprivileged(folder: string): Promise<void> {
  if (isRoot) await chown(folder, NOBODY, NOBODY);
}

/** Gives it a folder with all that is in it. */
export async function giveTreeToUnprivileged(folder: string): Promise<void> {
  await giveToUnprivileged(folder);
  for (const path of await readdir(folder, { recursive: true })) await giveToUnprivileged(join(folder, path));
}
