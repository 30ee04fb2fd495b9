import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { run } from '../../lab/processes/child-process.js';

const root = resolve(import.meta.dirname, '../../..');
const example = join(root, 'examples/key-provider-key-service');

/** The name that the example's package has. */
export const packageName = '@example/key-provider-key-service';

/** A copy of the example outside this repository, with what `npm install` gives it. */
export async function checkedOut(folder: string): Promise<string> {
  const project = join(folder, 'key-provider-key-service');
  await cp(example, project, { recursive: true });
  await linkPackages(join(project, 'node_modules'));
  // What `"key-connector": "file:…"` makes.
  await symlink(root, join(project, 'node_modules/key-connector'));
  return project;
}

/** Runs a program of Node's with this Node, and gives what it printed. */
const runNode = (args: readonly string[], cwd: string, NODE_OPTIONS = ''): Promise<string> =>
  run(process.execPath, args, { cwd, env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_OPTIONS } });

/** `npm run build` of the example. */
export const build = (project: string): Promise<string> =>
  runNode([join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], project);

/** `npm test` of the example. */
export const test = (project: string): Promise<string> =>
  runNode([join(root, 'node_modules/jest/bin/jest.js'), '--ci'], project, '--experimental-vm-modules');

/** What `npm install <the package>` puts into `node_modules`: the files that it publishes, and what they need. */
export async function install(project: string, nodeModules: string): Promise<string> {
  const target = join(nodeModules, packageName);
  await mkdir(dirname(target), { recursive: true });
  const { files } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as { files: string[] };
  for (const file of ['package.json', ...files]) {
    await cp(join(project, file), join(target, file), { recursive: true });
  }
  return target;
}

/** A copy of the built service that has a `node_modules` of its own; gives its folder. */
export async function installedService(folder: string): Promise<string> {
  const service = join(folder, 'service');
  await cp(join(root, 'dist/key-connector'), join(service, 'dist/key-connector'), { recursive: true });
  await linkPackages(join(service, 'node_modules'));
  return service;
}

/**
 * A production installation of the service with the package beside it, as a layer on its image makes it: `npm pack` of
 * the package, `npm install` of what that gives. No registry is needed: all that the package wants is there already.
 * Gives the service's entry file.
 */
export async function productionWith(project: string, folder: string): Promise<string> {
  const service = join(folder, 'production');
  await mkdir(service);
  const packages = await productionPackages();
  // Linked, not copied: npm puts new folders beside them and writes into none.
  await run('cp', ['--archive', '--link', '--parents', ...packages, service], { cwd: root });
  for (const file of ['package.json', 'package-lock.json']) await cp(join(root, file), join(service, file));
  await cp(join(root, 'dist/key-connector'), join(service, 'dist/key-connector'), { recursive: true });
  await run('npm', ['pack', '--pack-destination', folder], { cwd: project });
  const packed = (await readdir(folder)).filter((name) => name.endsWith('.tgz')).map((name) => join(folder, name));
  const options = ['--no-save', '--omit=dev', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...options, ...packed], { cwd: service });
  return join(service, 'dist/key-connector/apps/key-connector/src/main.js');
}

/** The folders that `npm ci --omit=dev` makes. */
async function productionPackages(): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(
      ([path, { dev, devOptional }]) => /^node_modules\/(?!.*\/node_modules\/)/.test(path) && !dev && !devOptional,
    )
    .map(([path]) => path)
    .filter((path) => existsSync(join(root, path)));
}

/** Makes a `node_modules` whose packages are this repository's. */
export async function linkPackages(nodeModules: string): Promise<void> {
  await mkdir(nodeModules, { recursive: true });
  const names = (await readdir(join(root, 'node_modules'))).filter((name) => !name.startsWith('.'));
  await Promise.all(names.map((name) => symlink(join(root, 'node_modules', name), join(nodeModules, name))));
}
