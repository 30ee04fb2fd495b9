import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { withLock } from './lock.mjs';

/** `npm ci` did not do its work; the message says what to do. */
export class InstallFailed extends Error {}

/** Makes `node_modules` of a folder match its lockfile. Does nothing, in milliseconds, where it does already. */
export async function install(folder) {
  if (matches(folder)) return;
  await withLock(join(folder, '.install-lock'), () => {
    if (matches(folder)) return;
    console.error(`Installing the packages of ${basename(folder)} …`);
    // No install scripts: those that are needed are run by name, whatever this npm's own policy.
    if (!hasPackages(folder)) npm(folder, ['ci', '--ignore-scripts']);
    if (needs(folder, 'node')) npm(folder, ['rebuild', 'node', '--foreground-scripts']);
    if (needs(folder, 'pkcs11js')) tryToBuildPkcs11(folder);
    if (!matches(folder)) throw new InstallFailed(`npm ended well in ${folder}, but packages are missing: see above.`);
  });
}

function matches(folder) {
  return hasPackages(folder) && (!needs(folder, 'pkcs11js') || existsSync(pkcs11Marker(folder)));
}

/** Compares the lockfile with the list that npm itself keeps of what it installed. */
function hasPackages(folder) {
  const wanted = packagesOf(join(folder, 'package-lock.json'));
  const installed = packagesOf(join(folder, 'node_modules', '.package-lock.json'));
  if (wanted === undefined) throw new InstallFailed(`${folder} has no readable package-lock.json.`);
  if (installed === undefined || (needs(folder, 'node') && !existsSync(join(folder, 'node_modules/.bin/node'))))
    return false;
  return Object.entries(wanted).every(([path, entry]) => {
    // The empty path is the project itself.
    if (path === '') return true;
    const found = installed[path];
    return found === undefined ? entry.optional === true && !isForUs(entry) : found.version === entry.version;
  });
}

/**
 * npm leaves out what is optional and made for another platform; of two C libraries, which one is here is npm's to
 * tell.
 */
function isForUs({ os, cpu, libc }) {
  if (os === undefined && cpu === undefined) return false;
  const fits = (list, own) => list === undefined || list.includes(own);
  return libc === undefined && fits(os, process.platform) && fits(cpu, process.arch);
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function needs(folder, name) {
  return packagesOf(join(folder, 'package-lock.json'))?.[`node_modules/${name}`] !== undefined;
}

/** Says that the build was tried with these packages: without a compiler, it is not tried at every start. */
const pkcs11Marker = (folder) => join(folder, 'node_modules', '.pkcs11js-build-tried');

/** The one package in C++: it needs a compiler, and only deployments with a key behind PKCS#11 need it. */
function tryToBuildPkcs11(folder) {
  try {
    npm(folder, ['rebuild', 'pkcs11js']);
  } catch {
    console.error(
      'Keys behind PKCS#11 cannot be used here, all else can: pkcs11js was not built, for the reason above.\n' +
        'It needs g++, make and Python 3; install them and run "npm rebuild pkcs11js".',
    );
  }
  writeFileSync(pkcs11Marker(folder), '');
}

function npm(folder, args) {
  // Under `npm run`, npm says where it lies; otherwise it is looked up in PATH.
  const self = process.env.npm_execpath;
  const [program, first] = self?.endsWith('.js') ? [process.execPath, [self]] : ['npm', []];
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const { status, error } = spawnSync(program, [...first, ...args, ...quiet], {
    cwd: folder,
    // Standard output stays the task's own.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, npm_config_omit: '', NODE_ENV: '' },
  });
  if (error?.code === 'ENOENT') {
    throw new InstallFailed('npm is not here: install Node.js 18 or later with npm, and run this again.');
  }
  if (error !== undefined || status !== 0) {
    throw new InstallFailed(
      `"npm ${args.join(' ')}" failed in ${folder}: ${error?.message ?? 'what npm said stands above'}.\n` +
        'With a network error, check the connection and the proxy, and that "npm ping" succeeds; then run this again.',
    );
  }
}
