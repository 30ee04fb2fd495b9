import { join } from 'node:path';
import { certificateSettings, type KeyCertificate } from '../../test/lab/files/certificate.ts';
import type { IssuerServer } from '../../test/lab/issuer/issuer.server.ts';
import { startService } from '../../test/lab/service/service.process.ts';
import type { BenchDatabase } from '../databases/database.ts';
import { readStartCommand } from './start-command.ts';
import type { Target } from './target.ts';

const startCommand = readStartCommand();

/** What the service is started with. */
export interface ServiceSetup {
  readonly main: string;
  readonly folder: string;
  readonly database: BenchDatabase;
  readonly issuer: IssuerServer;
  readonly certificate: KeyCertificate;
  /** How the target is called; `service` unless told otherwise. */
  readonly name?: string;
  /** More settings, or others: path with `__` → value. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Further options of Node itself, for profiling. */
  readonly nodeOptions?: readonly string[];
}

/** The service, and how long it took from start to ready. */
export interface StartedService extends Target {
  readonly readyMs: number;
}

/** All settings of the deployment, by path. */
export const settingsOf = ({ database, issuer, certificate, settings }: ServiceSetup): Record<string, string> => ({
  ...database.serviceSettings,
  identityServerUri: issuer.uri,
  ...certificateSettings(certificate),
  ...settings,
});

/** Starts the built service as in production: every default on, its log in a file. */
export async function startServiceTarget(setup: ServiceSetup): Promise<StartedService> {
  const { name = 'service', nodeOptions = [] } = setup;
  const started = performance.now();
  const service = await startService({
    entry: setup.main,
    nodeOptions: [...startCommand.nodeOptions, ...nodeOptions],
    logFile: join(setup.folder, 'service.log'),
    pollMs: 3,
    settings: settingsOf(setup),
  });
  return { name, url: service.url, process: service.process, readyMs: performance.now() - started };
}
