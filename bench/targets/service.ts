import { join } from 'node:path';
import type { BenchDatabase } from '../databases/database.ts';
import { startChild } from '../support/child-process.ts';
import { waitUntilReady } from '../support/http.ts';
import type { BenchIssuer } from '../support/issuer.ts';
import type { BenchKeyEncryptionKey } from '../support/key-encryption-key.ts';
import { freePort } from '../support/listen.ts';
import { readStartCommand } from './start-command.ts';
import type { Target } from './target.ts';

const startCommand = readStartCommand();

/** What the service is started with. */
export interface ServiceSetup {
  readonly main: string;
  readonly folder: string;
  readonly database: BenchDatabase;
  readonly issuer: BenchIssuer;
  readonly keyEncryptionKey: BenchKeyEncryptionKey;
  /** How the target is called; `service` unless told otherwise. */
  readonly name?: string;
  /** More settings, or others. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Further options of Node itself, for profiling. */
  readonly nodeOptions?: readonly string[];
}

/** The service, and how long it took from start to ready. */
export interface StartedService extends Target {
  readonly readyMs: number;
}

/** Starts the built service as in production: every default on, its log in a file. */
export async function startService(setup: ServiceSetup): Promise<StartedService> {
  const port = await freePort();
  const started = performance.now();
  const child = startChild({
    name: 'The service',
    command: process.execPath,
    args: [...startCommand.nodeOptions, ...(setup.nodeOptions ?? []), setup.main],
    logFile: join(setup.folder, 'service.log'),
    environment: { NODE_ENV: 'production', ...settings(setup, port), ...setup.settings },
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntilReady(url, child);
  return { name: setup.name ?? 'service', url, process: child, readyMs: performance.now() - started };
}

function settings({ database, issuer, keyEncryptionKey }: ServiceSetup, port: number): Record<string, string> {
  return {
    ...database.serviceSettings,
    keyConnectorSettings__identityServerUri: issuer.uri,
    keyConnectorSettings__rsaKey__provider: 'certificate',
    keyConnectorSettings__certificate__provider: 'filesystem',
    keyConnectorSettings__certificate__filesystemPath: keyEncryptionKey.path,
    keyConnectorSettings__certificate__filesystemPassword: keyEncryptionKey.password,
    keyConnectorSettings__http__host: '127.0.0.1',
    keyConnectorSettings__http__port: String(port),
    // Only how it stops: no load balancer has to notice, so it need not wait before it drains.
    keyConnectorSettings__http__drainDelaySeconds: '0',
  };
}
