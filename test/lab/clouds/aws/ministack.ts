import { join } from 'node:path';
import { tempFolder } from '../../files/temp-folder.ts';
import { freePort } from '../../network/free-port.ts';
import { statusOf } from '../../network/http-call.ts';
import { Child } from '../../processes/child-process.ts';
import { installedTool } from '../../packages/tools.ts';

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
  return {
    port,
    halt: async () => {
      await child.kill('SIGTERM');
    },
    resume: async () => {
      child = await launch(port, folder.path);
    },
    stop: async () => {
      await child.kill('SIGTERM');
      await folder.remove();
    },
  };
}

async function launch(port: number, folder: string): Promise<Child> {
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
  const child = new Child(ministack.file('bin/ministack'), [], { env });
  const health = `http://127.0.0.1:${port}/_ministack/health`;
  await child.until(async () => (await statusOf(health)) === 200, 'the AWS emulator answers');
  return child;
}
