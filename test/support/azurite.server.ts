import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { atExit } from './at-exit.js';
import { exitOf, isRunning } from './child-process.js';
import { freeze } from './freeze.js';
import { freePort } from './free-port.js';
import { statusOf } from './http-status.js';
import { tempFolder } from './temp-folder.js';
import { tiedToUs } from './tied-to-us.js';
import { until } from './until.js';

const program = resolve(import.meta.dirname, '../tools/node_modules/azurite/dist/src/blob/main.js');

/** Whether Azurite, Microsoft's emulator of Azure Storage, is installed among the test tools. */
export const hasAzurite = existsSync(program);

/** Why a test without Azurite is skipped. */
export const noAzurite = 'Azurite is not installed: run "npm ci --prefix test/tools"';

/** A blob service on 127.0.0.1 with an account of its own. */
export interface Azurite {
  readonly connectionString: string;
  readonly accountKey: string;
  /** Stops it as a machine that hangs; it answers again after `resume`. */
  freeze(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

/** Starts Azurite with its data in memory. */
export async function startAzurite(): Promise<Azurite> {
  const folder = await tempFolder('azurite');
  const port = await freePort();
  const accountKey = randomBytes(64).toString('base64');
  const options = ['--blobHost', '127.0.0.1', '--blobPort', String(port)];
  const quiet = ['--silent', '--inMemoryPersistence', '--disableTelemetry', '--skipApiVersionCheck'];
  const child = spawn(...tiedToUs(process.execPath, [program, ...options, ...quiet]), {
    cwd: folder.path,
    env: { PATH: process.env['PATH'], AZURITE_ACCOUNTS: `company:${accountKey}` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const forget = atExit(() => void child.kill('SIGKILL'));
  const endpoint = `http://127.0.0.1:${port}/company`;
  await until(async () => !isRunning(child) || (await statusOf(endpoint)) !== undefined, 'Azurite answers', 60_000);
  if (!isRunning(child)) throw new Error(`Azurite ended with ${await exitOf(child)}.`);
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=company;AccountKey=${accountKey};BlobEndpoint=${endpoint};`,
    accountKey,
    freeze: () => freeze(child.pid),
    resume: () => void child.kill('SIGCONT'),
    stop: async () => {
      forget();
      child.kill('SIGKILL');
      await exitOf(child);
      await folder.remove();
    },
  };
}
