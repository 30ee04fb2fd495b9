import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { makeKeyCertificate } from '../../test/lab/files/certificate.ts';
import { exitOf, isRunning } from '../../test/lab/processes/child-process.ts';
import { freePort } from '../../test/lab/network/free-port.ts';
import { statusOf } from '../../test/lab/network/http-status.ts';
import { type ServiceProcess, startService } from '../../test/lab/service/service.process.ts';
import { until } from '../../test/lab/processes/until.ts';
import { issuerEntry } from './build.ts';

/** The service, and the demo issuer that it trusts. */
export interface Demo {
  readonly service: ServiceProcess;
  /** Base URL of the demo issuer. */
  readonly issuer: string;
  stop(): Promise<void>;
}

interface DemoOptions {
  readonly port: number;
  /** Where certificate and database go. */
  readonly folder: string;
  /** Where the service's log is shown. */
  readonly log: NodeJS.WritableStream | undefined;
}

/** Starts issuer and service, and resolves when the service is ready. */
export async function startDemo({ port, folder, log }: DemoOptions): Promise<Demo> {
  const issuer = await startIssuer();
  try {
    const certificate = await makeKeyCertificate(folder);
    const service = await startService({
      settings: {
        http__port: String(port),
        identityServerUri: issuer.uri,
        database__provider: 'sqlite',
        database__sqliteConnectionString: `Data Source=${join(folder, 'key-connector.db')}`,
        rsaKey__provider: 'certificate',
        certificate__provider: 'filesystem',
        certificate__filesystemPath: certificate.path,
        certificate__filesystemPassword: certificate.password,
      },
      ...(log === undefined ? {} : { showOutput: log }),
    });
    return {
      service,
      issuer: issuer.uri,
      stop: async () => {
        await service.terminate();
        await stop(issuer.child);
      },
    };
  } catch (error) {
    await stop(issuer.child);
    throw error;
  }
}

async function startIssuer(): Promise<{ child: ChildProcess; uri: string }> {
  const port = await freePort();
  const uri = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [issuerEntry, '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const answers = async (): Promise<boolean> => (await statusOf(`${uri}/.well-known/openid-configuration`)) === 200;
  await until(async () => !isRunning(child) || (await answers()), 'the demo issuer answers');
  if (!isRunning(child)) throw new Error('The demo issuer did not start: see above.');
  return { child, uri };
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await exitOf(child);
}
