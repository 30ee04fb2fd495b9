import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '../../../.tools');

/** A program that `npm run verify` installs, or the reason why it is not here; for `describeIf`. */
export interface InstalledTool {
  readonly installed: boolean;
  readonly reason: string;
  /** The path of one of its files: `bin/bao`. */
  file(path: string): string;
}

/** Looks a tool of scripts/tools/catalogue.ts up by its name without the version. */
export function installedTool(name: string): InstalledTool {
  const home = existsSync(folder) ? readdirSync(folder).find((entry) => entry.startsWith(`${name}-`)) : undefined;
  const path = join(folder, home ?? name);
  const reasonFile = join(path, 'missing.txt');
  return {
    installed: existsSync(join(path, 'installed')),
    reason: existsSync(reasonFile) ? readFileSync(reasonFile, 'utf8') : `${name} is not installed: npm run verify`,
    file: (inside) => join(path, inside),
  };
}

/** Where a program of the operating system lies, or the reason why it is not here; for `describeIf`. */
export function systemProgram(debianPackage: string, ...files: readonly string[]): InstalledTool {
  const found = files.find((file) => existsSync(file));
  return {
    installed: found !== undefined,
    reason: `apt-get install ${debianPackage}`,
    file: () => found ?? files[0] ?? '',
  };
}
