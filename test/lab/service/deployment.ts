import { join } from 'node:path';
import { certificateSettings, makeKeyCertificate } from '../files/certificate.js';
import { type IssuerServer, startIssuer } from '../issuer/issuer.server.js';
import { type Launch, type ServiceProcess, startService } from './service.process.js';
import { tempFolder } from '../files/temp-folder.js';

/** How a test's deployment differs from the plain one: SQLite, a certificate from a file, an issuer on loopback. */
export interface DeploymentOptions {
  /** Any kind of database, by its `database__*` settings; a server that a test started has them. */
  readonly database?: { readonly settings: Readonly<Record<string, string>> };
  /** More settings, or others: path with `__` → value. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Further environment variables, as they are. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another copy of the production build than this repository's own. */
  readonly entry?: string;
  /** Another way to start it than by this Node. */
  readonly launch?: Launch;
}

/** The built service as an operator runs it, with an issuer beside it. */
export interface Deployment {
  readonly service: ServiceProcess;
  readonly issuer: IssuerServer;
  readonly url: string;
  readonly port: number;
  /** The full settings, for starting the same service again. */
  readonly settings: Readonly<Record<string, string>>;
  /** A folder that lives as long as the deployment. */
  readonly folder: string;
  /** A token of this member. */
  token(userId: string): string;
  /** A request with this member's token. */
  call(method: string, userId: string, key?: string): Promise<Response>;
  stop(): Promise<void>;
}

/** Starts issuer and service, and waits until the service is ready. */
export async function startDeployment(options: DeploymentOptions = {}): Promise<Deployment> {
  const folder = await tempFolder('deployment');
  const issuer = await startIssuer();
  const certificate = await makeKeyCertificate(folder.path);
  const settings = {
    identityServerUri: issuer.uri,
    ...databaseSettings(folder.path, options.database?.settings),
    ...certificateSettings(certificate),
    ...options.settings,
  };
  const { env = {}, entry, launch } = options;
  const service = await startService({
    settings,
    env,
    ...(entry !== undefined && { entry }),
    ...(launch !== undefined && { launch }),
  }).catch(async (error: unknown) => {
    await issuer.stop();
    await folder.remove();
    throw error;
  });
  const token = (userId: string): string => issuer.token({ claims: { sub: userId } });
  return {
    service,
    issuer,
    url: service.url,
    port: service.port,
    settings,
    folder: folder.path,
    token,
    call: (method, userId, key) =>
      fetch(`${service.url}/user-keys`, {
        method,
        headers: { authorization: `Bearer ${token(userId)}`, 'content-type': 'application/json' },
        ...(key === undefined ? {} : { body: JSON.stringify({ key }) }),
      }),
    stop: async () => {
      await service.terminate();
      await issuer.stop();
      await folder.remove();
    },
  };
}

function databaseSettings(folder: string, given?: Readonly<Record<string, string>>): Record<string, string> {
  const sqlite = { provider: 'sqlite', sqliteConnectionString: `Data Source=${join(folder, 'key-connector.db')}` };
  return Object.fromEntries(Object.entries(given ?? sqlite).map(([path, value]) => [`database__${path}`, value]));
}
