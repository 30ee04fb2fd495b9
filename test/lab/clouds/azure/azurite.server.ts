import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { atExit } from '../../processes/at-exit.js';
import { exitOf, isRunning } from '../../processes/child-process.js';
import { freeze } from '../../processes/freeze.js';
import { freePort } from '../../network/free-port.js';
import { statusOf } from '../../network/http-status.js';
import { tempFolder } from '../../files/temp-folder.js';
import { tiedToUs } from '../../processes/tied-to-us.js';
import { until } from '../../processes/until.js';

const program = resolve(import.meta.dirname, '../../../tools/node_modules/azurite/dist/src/blob/main.js');

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
  kill(): Promise<void>;
  /** Starts it again at the same address, with the same blobs. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts Azurite with its data in a temporary folder. */
export async function startAzurite(): Promise<Azurite> {
  const folder = await tempFolder('azurite');
  const port = await freePort();
  const accountKey = randomBytes(64).toString('base64');
  const endpoint = `http://127.0.0.1:${port}/company`;
  const launch = (): Promise<ChildProcess> => launchAzurite(folder.path, port, accountKey, endpoint);
  let child = await launch();
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exitOf(child);
  };
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=company;AccountKey=${accountKey};BlobEndpoint=${endpoint};`,
    accountKey,
    freeze: () => freeze(child.pid),
    resume: () => void child.kill('SIGCONT'),
    kill,
    restart: async () => {
      child = await launch();
    },
    stop: async () => {
      await kill();
      await folder.remove();
    },
  };
}

async function launchAzurite(
  folder: string,
  port: number,
  accountKey: string,
  endpoint: string,
): Promise<ChildProcess> {
  const options = ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', folder];
  const child = spawn(
    ...tiedToUs(process.execPath, [program, ...options, '--silent', '--disableTelemetry', '--skipApiVersionCheck']),
    {
      cwd: folder,
      env: { PATH: process.env['PATH'], AZURITE_ACCOUNTS: `company:${accountKey}` },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const forget = atExit(() => void child.kill('SIGKILL'));
  void exitOf(child).finally(forget);
  await until(async () => !isRunning(child) || (await statusOf(endpoint)) !== undefined, 'Azurite answers', 60_000);
  if (!isRunning(child)) throw new Error(`Azurite ended with ${await exitOf(child)}.`);
  return child;
}
