/**
 * Puts the built service and commands, with all JavaScript of their packages, into few files: `node scripts/bundle.ts`
 * reads dist/key-connector and dist/cli, and writes dist/bundle. The image ships that; docs/docker.md says why.
 */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { notBundled } from './image/not-bundled.ts';

const root = resolve(import.meta.dirname, '..');
const built = join(root, 'dist');
const target = join(built, 'bundle');

/** Where each program begins. The process of a PKCS#11 module is started by its path, beside the service's own file. */
const programs = {
  service: join(built, 'key-connector/apps/key-connector/src/main.js'),
  commands: join(built, 'cli/apps/cli/src/main.js'),
  'token-process/main': join(built, 'key-connector/libs/crypto-providers/src/providers/pkcs11/token-process/main.js'),
};

/** What packages look for and do without; npm has not installed it. */
const doneWithout = new Set<string>();

/** The check of Node's version reads package.json from its own place in the tree; in the bundle it lies beside. */
const besideTheBundle: Plugin = {
  name: 'package.json beside the bundle',
  transform(code, id) {
    if (!id.endsWith('/libs/launch/src/check-node.js')) return null;
    const found = "new URL('../../../package.json', import.meta.url)";
    if (!code.includes(found)) throw new Error(`${id} does not read package.json as it did: mend scripts/bundle.ts.`);
    return code.replace(found, "new URL('./package.json', import.meta.url)");
  },
};

const bundle = await rolldown({
  input: programs,
  platform: 'node',
  external: (id) => notBundled.some(({ name }) => id === name || id.startsWith(`${name}/`)) || id.endsWith('.node'),
  plugins: [besideTheBundle],
  // Nothing is left out on the word of a package that its files have no effects: what Node would run is run.
  treeshake: false,
  onLog: (level, log, next) => {
    if (log.code === 'UNRESOLVED_IMPORT') doneWithout.add(log.exporter ?? log.message);
    // Packages' own uses of eval, which bundling does not change.
    else if (log.code !== 'EVAL') next(level, log);
  },
});

await rm(target, { recursive: true, force: true });
const { output } = await bundle.write({
  dir: target,
  format: 'esm',
  // In the order in which Node would run them: decorators need reflect-metadata before them.
  strictExecutionOrder: true,
  keepNames: true,
  minify: false,
  comments: { legal: true, annotation: false, jsdoc: false },
  entryFileNames: '[name].js',
  // Beside the programs, so that what is looked for at ./ is there for whatever code lands in whichever file.
  chunkFileNames: '[name]-[hash].js',
});
await bundle.close();

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Readonly<Record<string, unknown>>;
const { name, version, type, license, engines } = manifest;
await writeFile(
  join(target, 'package.json'),
  `${JSON.stringify({ name, version, type, license, engines }, null, 2)}\n`,
);
await cp(join(root, 'LICENSE'), join(target, 'LICENSE'));
const megabytes = output.reduce((sum, file) => sum + (file.type === 'chunk' ? file.code.length : 0), 0) / 1e6;
process.stderr.write(
  `dist/bundle: ${output.length} files, ${megabytes.toFixed(1)} MB; without ${[...doneWithout].sort().join(', ')}\n`,
);
