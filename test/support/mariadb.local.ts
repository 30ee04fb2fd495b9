import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exitOf, isRunning, run } from './child-process.ts';
import { freeze } from './freeze.ts';
import { freePort } from './free-port.ts';
import { connectionStrings, type MariadbAddress, queryOnce } from './mariadb.client.ts';
import type { MariadbOptions, MariadbServer } from './mariadb.contract.ts';
import { sharedFolder } from './shared-folder.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';
import { systemProgram } from './tools.ts';
import { giveToUnprivileged, giveTreeToUnprivileged, unprivileged } from './unprivileged.ts';
import { until } from './until.ts';

const DATABASE = 'keys';

/** The server's program, or the reason why it is not here. */
export const mariadb = systemProgram('mariadb-server-core', '/usr/sbin/mariadbd');
const installer = systemProgram('mariadb-server-core', '/usr/bin/mariadb-install-db');

/** A MariaDB server that this process started and may kill, freeze and restart. */
export class LocalMariadb implements MariadbServer {
  readonly host = '127.0.0.1';
  readonly user = 'root';
  readonly database = DATABASE;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly connectionString: string;
  readonly url: string;
  private readonly folder: TempFolder;
  private readonly address: MariadbAddress;
  private readonly command: readonly [string, string[]];
  private server: ChildProcess | undefined;
  private output = '';

  private constructor(folder: TempFolder, port: number, variables: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.port = port;
    this.address = { host: this.host, port, user: this.user };
    ({
      settings: this.settings,
      connectionString: this.connectionString,
      url: this.url,
    } = connectionStrings({
      ...this.address,
      database: DATABASE,
    }));
    const all = { ...defaults, socket: join(folder.path, 'mariadb.sock'), ...variables };
    const flags = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
    const data = `--datadir=${join(folder.path, 'data')}`;
    this.command = unprivileged(mariadb.file(''), ['--no-defaults', data, `--port=${port}`, ...flags]);
  }

  static async start({ variables = {} }: MariadbOptions): Promise<LocalMariadb> {
    if (!mariadb.installed) throw new Error(`There is no MariaDB here: ${mariadb.reason}`);
    const folder = await tempFolder('mariadb');
    await giveToUnprivileged(folder.path);
    const data = join(folder.path, 'data');
    await cp(await emptyData(), data, { recursive: true });
    await giveTreeToUnprivileged(data);
    const server = new LocalMariadb(folder, await freePort(), variables);
    await server.launch();
    await queryOnce(server.address, `CREATE DATABASE "${DATABASE}"`);
    return server;
  }

  query<Row extends object>(sql: string, database = DATABASE): Promise<Row[]> {
    return queryOnce<Row>({ ...this.address, database }, sql);
  }

  async stop(): Promise<void> {
    // Nothing of the data is kept, so no clean shutdown is worth waiting for.
    await this.kill('SIGKILL');
    await this.folder.remove();
  }

  async restart(): Promise<void> {
    await this.kill('SIGTERM');
    await this.launch();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { server } = this;
    if (server === undefined || !isRunning(server)) return;
    const ended = exitOf(server);
    server.kill(signal);
    await ended;
  }

  freeze(): Promise<void> {
    return freeze(this.server?.pid);
  }

  thaw(): void {
    this.server?.kill('SIGCONT');
  }

  /** Starts the server and waits until it answers. */
  private async launch(): Promise<void> {
    await until(
      () => this.tryLaunch(),
      () => `MariaDB answers. It said: ${this.output}`,
      30_000,
    );
  }

  private async tryLaunch(): Promise<boolean> {
    const [program, args] = this.command;
    const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.server = server;
    this.output = '';
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.output = (this.output + text).slice(-4_000);
    });
    let answers = false;
    await until(async () => {
      answers = await this.answers();
      return answers || !isRunning(server);
    }, 'MariaDB starts or ends');
    return answers;
  }

  private async answers(): Promise<boolean> {
    return queryOnce(this.address, 'SELECT 1').then(
      () => true,
      () => false,
    );
  }
}

/** A data directory as mariadb-install-db makes it: made once, and copied for each server. */
async function emptyData(): Promise<string> {
  // "… Ver 10.11.14-MariaDB-… for …"
  const [, version = ''] = /Ver (\S+)/.exec(await run(mariadb.file(''), ['--no-defaults', '--version'])) ?? [];
  const home = await sharedFolder();
  const target = join(home, `mariadb-${version}`);
  if (existsSync(target)) return target;
  const draft = await mkdtemp(join(home, 'draft-'));
  await run(installer.file(''), [
    ...['--no-defaults', `--datadir=${join(draft, 'data')}`, '--auth-root-authentication-method=normal'],
    ...['--skip-test-db', '--skip-name-resolve', '--innodb-log-file-size=8M'],
  ]);
  // Another process may have been first: its copy is as good as ours.
  await rename(join(draft, 'data'), target).catch((error: unknown) => {
    if (!existsSync(target)) throw error;
  });
  await rm(draft, { recursive: true, force: true });
  return target;
}

/** Fast rather than durable: what a test kills is the process, never the machine. */
const defaults = {
  'bind-address': '127.0.0.1',
  'innodb-flush-log-at-trx-commit': '2',
  'innodb-flush-method': 'nosync',
  'innodb-log-file-size': '8M',
  'innodb-buffer-pool-size': '64M',
  'skip-name-resolve': '1',
  // The server is single-tenant and dies with the test: no performance data, no binary log.
  'performance-schema': 'OFF',
};
