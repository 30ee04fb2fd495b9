import { existsSync } from 'node:fs';
import { run } from '../processes/child-process.ts';

/** A package of Debian and Ubuntu, and a file of it that shows whether it is there. */
export interface DebianPackage {
  readonly name: string;
  readonly file: string;
  /** Where another package puts the same program; that one then stays. */
  readonly elsewhere?: string;
}

/** Those of them that are not here. */
export function missingOf(packages: readonly DebianPackage[]): string[] {
  const isHere = ({ file, elsewhere = file }: DebianPackage): boolean => existsSync(file) || existsSync(elsewhere);
  return packages.filter((one) => !isHere(one)).map(({ name }) => name);
}

/** Installs packages where that is possible, as root on Debian or Ubuntu; throws what to do where it is not. */
export async function installDebian(packages: readonly string[]): Promise<void> {
  if (packages.length === 0) return;
  const command = `apt-get install ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(`run as root: ${command}`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  await run('apt-get', ['update', '-qq'], options);
  // Nothing that the machine has is taken away for a test.
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', '--no-remove', ...packages], options);
}
