import { chown } from 'node:fs/promises';

/** User and group `nobody`, by number: the group's name differs between distributions. */
const NOBODY = 65534;

const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';

/**
 * The command line that runs a database server safely: as nobody when we are root (PostgreSQL refuses root), and, on
 * Linux, killed by the kernel when the test process dies without having stopped it.
 */
export function unprivileged(program: string, args: readonly string[]): [string, string[]] {
  if (!isLinux) return [program, [...args]];
  const identity = isRoot ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  return ['setpriv', [...identity, '--pdeathsig=KILL', '--', program, ...args]];
}

/** Gives a folder to the user that `unprivileged` runs as. */
export async function giveToUnprivileged(folder: string): Promise<void> {
  if (isRoot) await chown(folder, NOBODY, NOBODY);
}
