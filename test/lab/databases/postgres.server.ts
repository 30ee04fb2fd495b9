import { join } from 'node:path';
import { madeOnce } from '../files/shared-folder.ts';
import { type TempFolder, tempFolder } from '../files/temp-folder.ts';
import { freePort } from '../network/free-port.ts';
import { run } from '../processes/child-process.ts';
import { giveToUnprivileged } from '../processes/command-line.ts';
import type { DatabaseServer, ServerOptions } from './database.server.ts';
import { adminOf, freshName, unharmed } from './hosted.server.ts';
import { DATABASE, LocalServer } from './local.server.ts';
import { findPostgres } from './postgres-binaries.ts';
import { connectionStrings, dropDatabase, queryOnce } from './postgres.client.ts';

export interface PostgresOptions extends ServerOptions {
  /** Major version; the newest that this machine has when left out. */
  readonly major?: number;
}

/** A real PostgreSQL server with one empty database. */
export interface PostgresServer extends DatabaseServer {
  /** Also with values, for one statement. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
}

// Blank counts as not given: a CI matrix sets the variable for some of its rows only.
const given = process.env['TEST_POSTGRES_URL'];
const hostedUrl = given === '' ? undefined : given;

/**
 * True when `startPostgres` starts a server of its own, which a test may kill and freeze. False with
 * TEST_POSTGRES_URL, which names a running server on which each call makes a database.
 */
export const ownsPostgres = hostedUrl === undefined;

/** Starts a real PostgreSQL on 127.0.0.1 and a free port, in a temporary folder; call `stop` when done. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  return hostedUrl === undefined ? LocalPostgres.start(options) : hostedDatabase(hostedUrl);
}

/** A PostgreSQL server of this process. */
export class LocalPostgres extends LocalServer implements PostgresServer {
  private constructor(folder: TempFolder, bin: string, port: number, parameters: Readonly<Record<string, string>>) {
    const address = { host: '127.0.0.1', port, user: 'postgres', database: DATABASE };
    const all = { ...defaults, ...parameters, port: String(port) };
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    super({
      name: 'PostgreSQL',
      folder,
      address,
      strings: connectionStrings(address),
      command: [join(bin, 'postgres'), ['-D', join(folder.path, 'data'), ...flags]],
      signals: { shutdown: 'SIGINT', crash: 'SIGQUIT' },
    });
  }

  static async start({ major, parameters = {}, parent }: PostgresOptions): Promise<LocalPostgres> {
    const bin = await binariesOf(major);
    const folder = await tempFolder('postgres', parent);
    await giveToUnprivileged(folder.path);
    await run('cp', ['-a', await emptyData(bin), join(folder.path, 'data')], { unprivileged: true });
    const server = new LocalPostgres(folder, bin, await freePort(), parameters);
    await server.launch();
    await server.inDatabase('postgres', `CREATE DATABASE ${DATABASE}`);
    return server;
  }

  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.inDatabase(this.database, sql, values);
  }

  protected answers(): Promise<boolean> {
    return this.inDatabase('postgres', 'SELECT 1').then(
      () => true,
      () => false,
    );
  }

  private inDatabase<Row extends object>(database: string, sql: string, values?: readonly unknown[]): Promise<Row[]> {
    const { host, port, user } = this;
    return queryOnce<Row>({ host, port, user, database }, sql, values);
  }
}

/** A data directory as initdb makes it, to be copied for each server. */
async function emptyData(bin: string): Promise<string> {
  // "postgres (PostgreSQL) 15.14 (Debian …)"
  const [, version = ''] = /\) (\S+)/.exec(await run(join(bin, 'postgres'), ['--version'])) ?? [];
  return madeOnce(`postgres-data-${version}`, async (folder) => {
    const init = ['-D', folder, '--username=postgres', '--auth=trust', '--encoding=UTF8'];
    await run(join(bin, 'initdb'), [...init, '--no-locale', '--no-sync', '--no-instructions'], { unprivileged: true });
  });
}

/** Fast rather than durable: what a test kills is the process, never the machine. */
const defaults = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  shared_buffers: '64MB',
  log_min_messages: 'fatal',
};

async function binariesOf(major: number | undefined): Promise<string> {
  const found = findPostgres();
  const chosen = found.find((candidate) => major === undefined || candidate.major === major);
  if (chosen !== undefined) return chosen.folder();
  const has = found.map((candidate) => candidate.major).join(', ') || 'none';
  throw new Error(
    `No PostgreSQL ${major ?? ''} here (found: ${has}). Run "npm run verify" or "npm ci --prefix test/tools" once.`,
  );
}

/** A fresh database on a server that somebody else runs, such as a CI service container. */
async function hostedDatabase(serverUrl: string): Promise<PostgresServer> {
  const admin = { ...adminOf(serverUrl, 5432), database: new URL(serverUrl).pathname.slice(1) || 'postgres' };
  const address = { ...admin, database: freshName() };
  await queryOnce(admin, `CREATE DATABASE ${address.database}`);
  return {
    ...address,
    ...connectionStrings(address),
    ...unharmed('TEST_POSTGRES_URL'),
    query: (sql, values) => queryOnce(address, sql, values),
    stop: () => dropDatabase((sql) => queryOnce(admin, sql), address.database),
  };
}
