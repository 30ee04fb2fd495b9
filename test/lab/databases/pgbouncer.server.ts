import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempFolder } from '../files/temp-folder.ts';
import { freePort } from '../network/free-port.ts';
import { debianProgram } from '../packages/debian-program.ts';
import { installedTool } from '../packages/tools.ts';
import { Child } from '../processes/child-process.ts';
import { giveTreeToUnprivileged } from '../processes/command-line.ts';
import { connectionStrings, queryOnce } from './postgres.client.ts';
import type { PostgresServer } from './postgres.server.ts';

/** The tools that bring PgBouncer: 1.18 of Debian 12, and 1.24 of Debian 13. */
export const pgbouncers = ['pgbouncer-debian12', 'pgbouncer-debian13'].map((tool) => ({
  tool,
  ...installedTool(tool),
}));

/** How a pooler differs from the plain one; more of its parameters by name. */
export interface PgbouncerOptions {
  readonly mode: 'session' | 'transaction';
  /** Who may log in beside `postgres`; without a password. */
  readonly others?: readonly string[];
  /** Which of `pgbouncers`; the older one when left out. */
  readonly tool?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A PgBouncer in front of a PostgreSQL server. */
export interface Pgbouncer {
  readonly port: number;
  /** The way to a database of the server behind it, `keys` unless told otherwise. */
  connectionString(to?: { readonly user?: string; readonly database?: string }): string;
  /** A command of its console, such as `RECONNECT`. */
  command<Row extends object = Record<string, unknown>>(text: string): Promise<Row[]>;
  /** Writes these parameters on top, and has them read. */
  reload(parameters: Readonly<Record<string, string>>): Promise<void>;
  /** Ends it at once, as a machine that is gone; `launch` starts it again. */
  crash(): Promise<void>;
  launch(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a PgBouncer on 127.0.0.1 and a free port, in a temporary folder; call `stop` when done. */
export async function startPgbouncer(
  server: Pick<PostgresServer, 'host' | 'port' | 'database'>,
  { mode, others = [], tool = 'pgbouncer-debian12', parameters = {} }: PgbouncerOptions,
): Promise<Pgbouncer> {
  const folder = await tempFolder('pgbouncer');
  const file = join(folder.path, 'pgbouncer.ini');
  const users = join(folder.path, 'users.txt');
  const port = await freePort();
  const address = { host: '127.0.0.1', port, user: 'postgres', database: 'pgbouncer' };
  const write = (more: Readonly<Record<string, string>>): Promise<void> => {
    const all = { ...plain, auth_file: users, pool_mode: mode, listen_port: String(port), ...parameters, ...more };
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
    const databases = `[databases]\n* = host=${server.host} port=${server.port}\n`;
    return writeFile(file, `${databases}[pgbouncer]\n${lines.join('\n')}\n`);
  };
  await write({});
  await writeFile(users, ['postgres', ...others].map((user) => `"${user}" ""\n`).join(''));
  await giveTreeToUnprivileged(folder.path);
  const command = await debianProgram(tool, 'usr/sbin/pgbouncer', [file]);
  const ask = <Row extends object>(text: string): Promise<Row[]> => queryOnce<Row>(address, text);
  let child: Child | undefined;
  const launch = async (): Promise<void> => {
    const started = new Child(...command, { unprivileged: true });
    child = started;
    const answers = (): Promise<boolean> =>
      ask('SHOW VERSION').then(
        () => true,
        () => false,
      );
    await started.until(answers, 'PgBouncer answers');
  };
  await launch();
  return {
    port,
    connectionString: ({ user = 'postgres', database = server.database } = {}) =>
      connectionStrings({ ...address, user, database }).connectionString,
    command: ask,
    reload: async (more) => {
      await write(more);
      await ask('RELOAD');
    },
    crash: async () => {
      await child?.kill();
    },
    launch,
    stop: async () => {
      await child?.kill();
      await folder.remove();
    },
  };
}

const plain = {
  listen_addr: '127.0.0.1',
  unix_socket_dir: '',
  auth_type: 'trust',
  admin_users: 'postgres',
  ignore_startup_parameters: 'extra_float_digits',
};
