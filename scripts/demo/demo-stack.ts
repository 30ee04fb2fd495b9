import { join, resolve } from 'node:path';
import { certificateSettings, makeKeyCertificate } from '../../test/lab/files/certificate.ts';
import { freePort } from '../../test/lab/network/free-port.ts';
import { statusOf } from '../../test/lab/network/http-call.ts';
import { Child } from '../../test/lab/processes/child-process.ts';
import { type ServiceProcess, startService } from '../../test/lab/service/service.process.ts';

const issuerEntry = resolve(import.meta.dirname, '../../dist/demo-issuer/apps/demo-issuer/src/main.js');

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
        ...certificateSettings(certificate),
      },
      ...(log === undefined ? {} : { showOutput: log }),
    });
    return {
      service,
      issuer: issuer.uri,
      stop: async () => {
        await service.terminate();
        await issuer.child.stop();
      },
    };
  } catch (error) {
    await issuer.child.stop();
    throw error;
  }
}

async function startIssuer(): Promise<{ child: Child; uri: string }> {
  const port = await freePort();
  const uri = `http://127.0.0.1:${port}`;
  const child = new Child(process.execPath, [issuerEntry, '--port', String(port)]);
  const discovery = `${uri}/.well-known/openid-configuration`;
  await child.until(async () => (await statusOf(discovery)) === 200, 'the demo issuer answers');
  return { child, uri };
}
