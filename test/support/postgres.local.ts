import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { childrenOf, exitOf, isRunning, run } from './child-process.ts';
import { freeze } from './freeze.ts';
import { freePort } from './free-port.ts';
import { findPostgres } from './postgres.binaries.ts';
import { connectionStrings, type PostgresAddress, queryOnce } from './postgres.client.ts';
import type { PostgresOptions, PostgresServer } from './postgres.contract.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';
import { giveToUnprivileged, unprivileged } from './unprivileged.ts';
import { until } from './until.ts';

const DATABASE = 'keys';

/** A PostgreSQL server that this process started and may kill, freeze and restart. */
export class LocalPostgres implements PostgresServer {
  readonly host = '127.0.0.1';
  readonly database = DATABASE;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly connectionString: string;
  readonly url: string;
  private readonly folder: TempFolder;
  private readonly address: PostgresAddress;
  private readonly command: readonly [string, string[]];
  private server: ChildProcess | undefined;
  private output = '';

  private constructor(folder: TempFolder, bin: string, port: number, parameters: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.port = port;
    this.address = { host: this.host, port, user: 'postgres', database: DATABASE };
    ({
      settings: this.settings,
      connectionString: this.connectionString,
      url: this.url,
    } = connectionStrings(this.address));
    const all = { ...defaults, ...parameters, port: String(port) };
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.command = unprivileged(join(bin, 'postgres'), ['-D', join(folder.path, 'data'), ...flags]);
  }

  static async start({ major, parameters = {} }: PostgresOptions): Promise<LocalPostgres> {
    const bin = await binariesOf(major);
    const folder = await tempFolder('postgres');
    await giveToUnprivileged(folder.path);
    await run(
      ...unprivileged(join(bin, 'initdb'), [
        ...['-D', join(folder.path, 'data'), '--username=postgres', '--auth=trust'],
        ...['--encoding=UTF8', '--no-locale', '--no-sync', '--no-instructions'],
      ]),
    );
    const server = new LocalPostgres(folder, bin, await freePort(), parameters);
    await server.launch();
    await queryOnce({ ...server.address, database: 'postgres' }, `CREATE DATABASE ${DATABASE}`);
    return server;
  }

  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    return queryOnce<Row>(this.address, sql, values);
  }

  async stop(): Promise<void> {
    // SIGQUIT: nothing of the data is kept, so no clean shutdown is worth waiting for.
    await this.thaw();
    await this.kill('SIGQUIT');
    await this.folder.remove();
  }

  async restart(): Promise<void> {
    await this.kill('SIGINT');
    await this.launch();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { server } = this;
    if (server === undefined || !isRunning(server)) return;
    const ended = exitOf(server);
    server.kill(signal);
    await ended;
  }

  async freeze(): Promise<void> {
    const [postmaster] = await this.processes();
    if (postmaster === undefined) return;
    await freeze(postmaster);
    // Only now: from here on it forks no backend that we would miss.
    for (const pid of await childrenOf(postmaster)) await freeze(pid).catch(() => undefined);
  }

  async thaw(): Promise<void> {
    for (const pid of await this.processes()) {
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        // It ended meanwhile.
      }
    }
  }

  private async processes(): Promise<number[]> {
    const pid = this.server?.pid;
    if (this.server === undefined || pid === undefined || !isRunning(this.server)) return [];
    return [pid, ...(await childrenOf(pid))];
  }

  /** Starts the server and waits until it answers. After a SIGKILL its orphans hold the files for a moment: try again. */
  private async launch(): Promise<void> {
    await until(
      () => this.tryLaunch(),
      () => `PostgreSQL answers. It said: ${this.output}`,
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
    }, 'PostgreSQL starts or ends');
    return answers;
  }

  private async answers(): Promise<boolean> {
    return queryOnce({ ...this.address, database: 'postgres' }, 'SELECT 1').then(
      () => true,
      () => false,
    );
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
