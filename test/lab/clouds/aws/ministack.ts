import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { exitOf, isRunning } from '../../processes/child-process.ts';
import { freePort } from '../../network/free-port.ts';
import { tempFolder } from '../../files/temp-folder.ts';
import { tiedToUs } from '../../processes/tied-to-us.ts';
import { installedTool } from '../../skip/tools.ts';
import { until } from '../../processes/until.ts';

/** The emulator of AWS KMS, IAM and STS, if it is installed. */
export const ministack = installedTool('ministack');

/** A running emulator: real RSA, real signatures (Signature Version 4), real policies. */
export interface Ministack {
  readonly port: number;
  /** Ends it; its keys, users and policies are kept. */
  halt(): Promise<void>;
  /** Starts it again, on the same port and with the same state. */
  resume(): Promise<void>;
  /** Ends it and removes what it kept. */
  stop(): Promise<void>;
}

/** Starts the emulator, with callers checked as AWS checks them. */
export async function startMinistack(): Promise<Ministack> {
  const folder = await tempFolder('ministack');
  const port = await freePort();
  let child = await launch(port, folder.path);
  const halt = async (): Promise<void> => {
    if (isRunning(child)) child.kill('SIGTERM');
    await exitOf(child);
  };
  return {
    port,
    halt,
    resume: async () => {
      child = await launch(port, folder.path);
    },
    stop: async () => {
      await halt();
      await folder.remove();
    },
  };
}

async function launch(port: number, folder: string): Promise<ChildProcess> {
  const env = {
    PATH: process.env['PATH'],
    TMPDIR: folder,
    HOME: folder,
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    SERVICES: 'kms,sts,iam',
    AUTH: 'true',
    // They would listen on ports of their own.
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
    PERSIST_STATE: '1',
    STATE_DIR: join(folder, 'state'),
  };
  const child = spawn(...tiedToUs(ministack.file('bin/ministack'), []), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-5_000)));
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/_ministack/health`).then(
      (response) => response.ok,
      () => false,
    );
  await until(
    () => !isRunning(child) || answers(),
    () => `the AWS emulator answers:\n${output}`,
  );
  if (!isRunning(child)) throw new Error(`The AWS emulator has ended:\n${output}`);
  return child;
}
