import { existsSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { madeOnce } from '../files/shared-folder.ts';
import { installedTool } from './tools.ts';

/** The loader of the machine's own C library. */
const ownLoader = '/lib64/ld-linux-x86-64.so.2';

/**
 * The command that runs a program of Debian packages whose files scripts/tools/catalogue.ts has laid down: with the
 * libraries beside it, also with the C library of another release. From a copy that `nobody` can reach.
 */
export async function debianProgram(tool: string, program: string, args: string[]): Promise<[string, string[]]> {
  const installed = installedTool(tool).file('');
  // Its name has the version. Links as they are: the checkout that it was copied from may go.
  const home = await madeOnce(basename(installed), (folder) =>
    cp(installed, folder, { recursive: true, verbatimSymlinks: true }),
  );
  const folders = await readdir(join(home, 'usr/lib'));
  const libraries = join(home, 'usr/lib', folders.find((name) => name.endsWith('-linux-gnu')) ?? '');
  const loader = join(libraries, 'ld-linux-x86-64.so.2');
  return [existsSync(loader) ? loader : ownLoader, ['--library-path', libraries, join(home, program), ...args]];
}
