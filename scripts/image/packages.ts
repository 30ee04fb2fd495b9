/**
 * Takes out of node_modules what an image needs beside the bundle: `node scripts/image/packages.ts <node_modules>
 * <target>`. Of every package of production its package.json, by which scanners know it, and its licence; of those that
 * are not bundled the files that run, too.
 */
import { cpSync, existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { notBundled } from './not-bundled.ts';

const [source = '', target = ''] = process.argv.slice(2);
const lockfile = JSON.parse(readFileSync(join(source, '../package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
};

const legal = /^(licen[cs]es?|copying|copyright|notice|third-?party-?.*|.*licen[cs]e)([.-].*)?$/i;
const root = 'node_modules/';
const folders = Object.entries(lockfile.packages)
  .filter(([folder, { dev = false }]) => folder.startsWith(root) && !dev)
  .map(([folder]) => folder.slice(root.length))
  // What is optional and made for another platform, npm has not installed.
  .filter((folder) => existsSync(join(source, folder)));

for (const folder of folders) {
  copy(folder, ['package.json', ...readdirSync(join(source, folder)).filter((name) => legal.test(name))]);
}
for (const { name, files } of notBundled) {
  for (const pattern of files) {
    const found = globSync(pattern.replace('<arch>', process.arch), { cwd: join(source, name) });
    if (found.length === 0) throw new Error(`${name} has no ${pattern}: mend scripts/image/not-bundled.ts.`);
    copy(name, found);
  }
}

function copy(folder: string, files: readonly string[]): void {
  for (const file of files) {
    cpSync(join(source, folder, file), join(target, folder, file), { recursive: true });
  }
}
