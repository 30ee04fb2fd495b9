/**
 * Builds the product: `node scripts/build.ts [--if-changed] [project …]`, every project and the bundle when none is
 * named, two at a time. With --if-changed, what was built from the very same sources is left as it is.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../test/lab/processes/child-process.ts';
import { bundleApart, layBundleApart } from '../test/lab/service/bundle-apart.ts';

const root = resolve(import.meta.dirname, '..');

/** The projects of nest-cli.json, the longest first. */
export const projects = ['key-connector', 'cli', 'key-provider', 'demo-issuer'] as const;

/** What is made of the first two of them, once they are there: scripts/bundle.ts. */
const bundle = 'bundle';

/** All that a build depends on. */
const sources = [
  ...['{apps,libs}/**/*.{ts,json}', 'tsconfig.json', 'nest-cli.json', 'package-lock.json'],
  'scripts/{bundle,image/not-bundled}.ts',
];

/** Builds what has changed since it was built; tells of each that it builds. */
export async function buildChanged(wanted: readonly string[], say: (text: string) => void): Promise<void> {
  const now = fingerprint();
  await build(
    wanted.filter((project) => !isThere(project) || readFileSync(stamp(project), 'utf8') !== now),
    say,
  );
}

async function build(wanted: readonly string[], say: (text: string) => void): Promise<void> {
  // Before, not after: what is changed meanwhile may not be in the build.
  const from = fingerprint();
  const make = async (name: string, how: () => Promise<unknown>): Promise<void> => {
    say(`Building ${name} …\n`);
    await how();
    writeFileSync(stamp(name), from);
  };
  const waiting = wanted.filter((name) => name !== bundle);
  const lane = async (): Promise<void> => {
    for (let project = waiting.shift(); project !== undefined; project = waiting.shift()) {
      const name = project;
      await make(name, () => run('nest', ['build', name], { cwd: root }));
    }
  };
  await Promise.all([lane(), lane()]);
  if (wanted.includes(bundle)) {
    await make(bundle, async () => {
      await run(process.execPath, ['scripts/bundle.ts'], { cwd: root });
      await layBundleApart();
    });
  }
}

/** Says what a build was made from; the folder is emptied before it is built. */
const stamp = (name: string): string => join(name === bundle ? bundleApart : join(root, 'dist', name), '.built-from');

/** The bundle's stamp outlives a checkout that is removed and made again at the same path. */
const isThere = (name: string): boolean => existsSync(join(root, 'dist', name)) && existsSync(stamp(name));

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of globSync(sources, { cwd: root }).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

if (process.argv[1] === import.meta.filename) {
  const options = { 'if-changed': { type: 'boolean', default: false } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const wanted = positionals.length > 0 ? positionals : [...projects, bundle];
  try {
    // Standard output stays the task's own.
    await (values['if-changed'] ? buildChanged : build)(wanted, (text) => void process.stderr.write(text));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
