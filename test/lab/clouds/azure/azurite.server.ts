import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tempFolder } from '../../files/temp-folder.ts';
import { freePort } from '../../network/free-port.ts';
import { statusOf } from '../../network/http-call.ts';
import { Child } from '../../processes/child-process.ts';

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
  /** Waits until it has noted a blob on its disk, which it does now and then: a kill before would lose it. */
  noted(blob: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts Azurite with its data in a temporary folder. */
export async function startAzurite(): Promise<Azurite> {
  const folder = await tempFolder('azurite');
  const port = await freePort();
  const accountKey = randomBytes(64).toString('base64');
  const endpoint = `http://127.0.0.1:${port}/company`;
  const launch = (): Promise<Child> => launchAzurite(folder.path, port, accountKey, endpoint);
  let child = await launch();
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=company;AccountKey=${accountKey};BlobEndpoint=${endpoint};`,
    accountKey,
    freeze: () => child.freeze(),
    resume: () => {
      child.thaw();
    },
    kill: async () => {
      await child.kill();
    },
    restart: async () => {
      child = await launch();
    },
    noted: (blob) => {
      const file = join(folder.path, '__azurite_db_blob__.json');
      const isThere = async (): Promise<boolean> => (await readFile(file, 'utf8').catch(() => '')).includes(blob);
      return child.until(isThere, `Azurite has noted ${blob}`, 30_000);
    },
    stop: async () => {
      await child.kill();
      await folder.remove();
    },
  };
}

async function launchAzurite(folder: string, port: number, accountKey: string, endpoint: string): Promise<Child> {
  const options = ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', folder];
  const args = [program, ...options, '--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  const env = { PATH: process.env['PATH'], AZURITE_ACCOUNTS: `company:${accountKey}` };
  const child = new Child(process.execPath, args, { cwd: folder, env });
  await child.until(async () => (await statusOf(endpoint)) !== undefined, 'Azurite answers', 60_000);
  return child;
}
