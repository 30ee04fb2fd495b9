/**
 * Runs a task of this repository on a machine where nothing is prepared: installs what the lockfile says, then runs
 * the task on the Node version that the repository pins. Plain JavaScript for Node >= 18, without dependencies.
 */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { install, InstallFailed } from './bootstrap/install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const jest = join('node_modules', 'jest', 'bin', 'jest.js');
const buildChanged = ['scripts/build.ts', '--if-changed'];

const testRun = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];

/** Per task: whether it needs the programs of test/tools, and what Node runs; the last step gets the arguments. */
const tasks = {
  bench: { tools: true, steps: [[...buildChanged, 'key-connector'], ['bench/run.ts']] },
  build: { steps: [['scripts/build.ts']] },
  cluster: { tools: true, steps: [buildChanged, ['scripts/cluster.ts']] },
  demo: { steps: [['scripts/demo.ts']] },
  generate: { steps: [['scripts/generate-reference.ts']] },
  install: { tools: true, steps: [] },
  test: { tools: true, steps: [buildChanged, testRun] },
  verify: { steps: [['scripts/verify.ts']] },
};

async function main([name, ...args]) {
  const task = Object.hasOwn(tasks, name ?? '') ? tasks[name] : undefined;
  if (task === undefined) {
    console.error(`Which task? One of: ${Object.keys(tasks).join(', ')}.`);
    return 2;
  }
  await install(root);
  // Node 24 comes first from here on, for every program that the task starts.
  process.env.PATH = bin + delimiter + process.env.PATH;
  // tsc, eslint and prettier keep compiled code; where they would by default, anybody could have laid some before.
  process.env.NODE_COMPILE_CACHE = join(root, 'node_modules', '.cache', 'compiled');
  if (task.tools) {
    await install(join(root, 'test', 'tools'));
    await runNode(['scripts/tools/install.ts']);
  }
  for (const [index, step] of task.steps.entries()) {
    const isLast = index === task.steps.length - 1;
    const status = await runNode(isLast ? [...step, ...args] : step);
    if (status !== 0) return status;
  }
  return 0;
}

function runNode(args) {
  const child = spawn(join(bin, 'node'), args, { cwd: root, stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; it says when it is done.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof InstallFailed ? error.message : error);
  process.exitCode = 1;
}
