import { join } from 'node:path';
import { run } from '../processes/child-process.ts';
import { freePort } from '../network/free-port.ts';
import { DATABASE, LocalServer } from './local.server.ts';
import { findPostgres } from './postgres-binaries.ts';
import { connectionStrings, queryOnce } from './postgres.client.ts';
import type { PostgresOptions, PostgresServer } from './postgres.contract.ts';
import { type TempFolder, tempFolder } from '../files/temp-folder.ts';
import { giveToUnprivileged, unprivileged } from '../processes/unprivileged.ts';

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
      command: unprivileged(join(bin, 'postgres'), ['-D', join(folder.path, 'data'), ...flags]),
      signals: { shutdown: 'SIGINT', crash: 'SIGQUIT' },
    });
  }

  static async start({ major, parameters = {}, parent }: PostgresOptions): Promise<LocalPostgres> {
    const bin = await binariesOf(major);
    const folder = await tempFolder('postgres', parent);
    await giveToUnprivileged(folder.path);
    await run(
      ...unprivileged(join(bin, 'initdb'), [
        ...['-D', join(folder.path, 'data'), '--username=postgres', '--auth=trust'],
        ...['--encoding=UTF8', '--no-locale', '--no-sync', '--no-instructions'],
      ]),
    );
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
