import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { madeOnce } from '../files/shared-folder.ts';
import { type TempFolder, tempFolder } from '../files/temp-folder.ts';
import { freePort } from '../network/free-port.ts';
import { run } from '../processes/child-process.ts';
import { giveToUnprivileged, giveTreeToUnprivileged } from '../processes/command-line.ts';
import { systemProgram } from '../packages/tools.ts';
import type { DatabaseServer, ServerOptions } from './database.server.ts';
import { adminOf, freshName, unharmed } from './hosted.server.ts';
import { DATABASE, LocalServer } from './local.server.ts';
import { connectionStrings, queryOnce } from './mariadb.client.ts';

/** A real MariaDB or MySQL server with one empty database. */
export interface MariadbServer extends DatabaseServer {
  /** Also in another database. */
  query<Row extends object = Record<string, unknown>>(sql: string, database?: string): Promise<Row[]>;
}

/** The server's program, or the reason why it is not here. */
export const mariadb = systemProgram('mariadb-server-core', '/usr/sbin/mariadbd');
const installer = systemProgram('mariadb-server-core', '/usr/bin/mariadb-install-db');

// Blank counts as not given: a CI matrix sets the variable for some of its rows only.
const given = process.env['TEST_MYSQL_URL'];
const hostedUrl = given === '' ? undefined : given;

/**
 * True when `startMariadb` starts a server of its own, which a test may kill and freeze. False with TEST_MYSQL_URL,
 * which names a running MySQL or MariaDB on which each call makes a database.
 */
export const ownsMariadb = hostedUrl === undefined && mariadb.installed;

/** Whether there is any server to test on; `mysqlReason` says why not. */
export const hasMysql = hostedUrl !== undefined || mariadb.installed;

/** Why tests are skipped: there is no server, or none that may be harmed. */
export const mysqlReason =
  hostedUrl === undefined ? mariadb.reason : 'TEST_MYSQL_URL names a server that must not be harmed';

/** Starts a real MariaDB on 127.0.0.1 and a free port, in a temporary folder; call `stop` when done. */
export async function startMariadb(options: ServerOptions = {}): Promise<MariadbServer> {
  return hostedUrl === undefined ? LocalMariadb.start(options) : hostedDatabase(hostedUrl);
}

/** A MariaDB server of this process. */
export class LocalMariadb extends LocalServer implements MariadbServer {
  private constructor(folder: TempFolder, port: number, parameters: Readonly<Record<string, string>>) {
    const address = { host: '127.0.0.1', port, user: 'root', database: DATABASE };
    const all = { ...mariadbDefaults, ...placesIn(folder), ...parameters };
    const flags = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
    const data = `--datadir=${join(folder.path, 'data')}`;
    super({
      name: 'MariaDB',
      folder,
      address,
      strings: connectionStrings(address),
      command: [mariadb.file(''), ['--no-defaults', data, `--port=${port}`, ...flags]],
      signals: { shutdown: 'SIGTERM', crash: 'SIGKILL' },
    });
  }

  static async start({ parameters = {}, parent }: ServerOptions): Promise<LocalMariadb> {
    if (!mariadb.installed) throw new Error(`There is no MariaDB here: ${mariadb.reason}`);
    const folder = await tempFolder('mariadb', parent);
    await giveToUnprivileged(folder.path);
    const data = join(folder.path, 'data');
    await cp(await emptyData(), data, { recursive: true });
    await giveTreeToUnprivileged(data);
    const server = new LocalMariadb(folder, await freePort(), parameters);
    await server.launch();
    await server.query(`CREATE DATABASE "${DATABASE}"`, 'mysql');
    return server;
  }

  query<Row extends object>(sql: string, database = this.database): Promise<Row[]> {
    const { host, port, user } = this;
    return queryOnce<Row>({ host, port, user, database }, sql);
  }

  protected answers(): Promise<boolean> {
    return this.query('SELECT 1', 'mysql').then(
      () => true,
      () => false,
    );
  }
}

/** The server's version, as it stands in names of files. */
export async function mariadbVersion(): Promise<string> {
  // "… Ver 10.11.14-MariaDB-… for …"
  const [, version = ''] = /Ver (\S+)/.exec(await run(mariadb.file(''), ['--no-defaults', '--version'])) ?? [];
  return version;
}

/** A data directory as mariadb-install-db makes it, to be copied for each server. */
export async function emptyData(): Promise<string> {
  return madeOnce(`mariadb-${await mariadbVersion()}`, (folder) =>
    run(installer.file(''), [
      ...['--no-defaults', `--datadir=${folder}`, '--auth-root-authentication-method=normal'],
      ...['--skip-test-db', '--skip-name-resolve', '--innodb-log-file-size=8M', `--tmpdir=${dirname(folder)}`],
    ]),
  );
}

/**
 * Fast rather than durable: what a test kills is the process, never the machine. The service asks for the log's flush
 * alone.
 */
export const mariadbDefaults = {
  'bind-address': '127.0.0.1',
  'innodb-flush-log-at-trx-commit': '1',
  'innodb-flush-method': 'nosync',
  'innodb-log-file-size': '8M',
  'innodb-buffer-pool-size': '64M',
  'skip-name-resolve': '1',
  // The server is single-tenant and dies with the test: no performance data, no binary log.
  'performance-schema': 'OFF',
};

/**
 * A server's socket and its temporary tables. Not in the system's folder: each server that starts deletes the tables
 * that it finds there, those that another one is using too.
 */
export const placesIn = (folder: TempFolder): Readonly<Record<'socket' | 'tmpdir', string>> => ({
  socket: join(folder.path, 'mariadb.sock'),
  tmpdir: folder.path,
});

/** A fresh database on a server that somebody else runs, such as a CI service container. */
async function hostedDatabase(serverUrl: string): Promise<MariadbServer> {
  const admin = adminOf(serverUrl, 3306);
  const address = { ...admin, database: freshName() };
  await queryOnce(admin, `CREATE DATABASE ${address.database}`);
  return {
    ...address,
    ...connectionStrings(address),
    ...unharmed('TEST_MYSQL_URL'),
    query: (sql, database = address.database) => queryOnce({ ...admin, database }, sql),
    stop: async () => {
      await queryOnce(admin, `DROP DATABASE ${address.database}`);
    },
  };
}
