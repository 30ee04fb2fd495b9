import { existsSync } from 'node:fs';
import { runTool } from './tool.ts';

/** Debian's packages that tests use, and a file of each that shows whether it is there. */
const debianPackages: readonly { readonly name: string; readonly file: string }[] = [
  { name: 'libnss3', file: '/usr/lib/x86_64-linux-gnu/libnss3.so' },
  { name: 'libnss3-tools', file: '/usr/bin/certutil' },
  { name: 'mariadb-client-core', file: '/usr/bin/mariadb' },
  { name: 'mariadb-server-core', file: '/usr/sbin/mariadbd' },
  { name: 'opensc', file: '/usr/bin/pkcs11-tool' },
  { name: 'postgresql-client', file: '/usr/bin/psql' },
  { name: 'softhsm2', file: '/usr/bin/softhsm2-util' },
  { name: 'sqlite3', file: '/usr/bin/sqlite3' },
];

/** Those that are not here. */
export const missingPackages = (): string[] =>
  debianPackages.filter(({ file }) => !existsSync(file)).map(({ name }) => name);

/** Installs packages where that is possible: as root on Debian or Ubuntu. */
export async function ensureDebian(packages: readonly string[]): Promise<void> {
  if (packages.length === 0) return;
  const command = `apt-get install ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(`run as root: ${command}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await runTool('apt-get', ['update', '-qq'], env);
  await runTool('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], env);
}
