import { existsSync } from 'node:fs';
import { run } from '../processes/child-process.ts';

/** A package of Debian and Ubuntu, and a file of it that shows whether it is there. */
export interface DebianPackage {
  readonly name: string;
  readonly file: string;
}

/** Those of them that are not here. */
export function missingOf(packages: readonly DebianPackage[]): string[] {
  return packages.filter(({ file }) => !existsSync(file)).map(({ name }) => name);
}

/** Installs packages where that is possible, as root on Debian or Ubuntu; throws what to do where it is not. */
export async function installDebian(packages: readonly string[]): Promise<void> {
  if (packages.length === 0) return;
  const command = `apt-get install ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(`run as root: ${command}`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  await run('apt-get', ['update', '-qq'], options);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
}
