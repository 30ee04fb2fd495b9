import type { TempFolder } from '../files/temp-folder.ts';
import { Child } from '../processes/child-process.ts';
import { childrenOf, freeze, thaw } from '../processes/proc.ts';
import { until } from '../processes/until.ts';
import type { ConnectionStrings, DatabaseServer, ServerAddress } from './database.server.ts';

/** The database that every server of ours has. */
export const DATABASE = 'keys';

/** What a server of ours is started with. */
export interface LocalServerPlan {
  /** What people call it. */
  readonly name: string;
  /** Holds its files, and goes with it. */
  readonly folder: TempFolder;
  /** The program and its arguments. */
  readonly command: readonly [string, string[]];
  /** Its environment; that of this process when left out. */
  readonly env?: NodeJS.ProcessEnv;
  readonly address: ServerAddress;
  readonly strings: ConnectionStrings;
  /** The signal that shuts it down in good order, and the one that ends it at once, orphans included. */
  readonly signals: { readonly shutdown: NodeJS.Signals; readonly crash: NodeJS.Signals };
}

/** A database server that this process started and may kill, freeze and restart. */
export abstract class LocalServer implements DatabaseServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly connectionString: string;
  readonly url: string;
  protected readonly plan: LocalServerPlan;
  private server: Child | undefined;

  protected constructor(plan: LocalServerPlan) {
    this.plan = plan;
    ({ host: this.host, port: this.port, user: this.user, database: this.database } = plan.address);
    ({ settings: this.settings, connectionString: this.connectionString, url: this.url } = plan.strings);
  }

  abstract query<Row extends object>(sql: string): Promise<Row[]>;

  /** Whether it takes connections and runs a statement. */
  protected abstract answers(): Promise<boolean>;

  async stop(): Promise<void> {
    // Nothing of the data is kept, so no clean shutdown is worth waiting for.
    await this.thaw();
    await this.crash();
    await this.plan.folder.remove();
  }

  async restart(): Promise<void> {
    await this.kill(this.plan.signals.shutdown);
    await this.launch();
  }

  crash(): Promise<void> {
    return this.kill(this.plan.signals.crash);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.server?.kill(signal);
  }

  async freeze(): Promise<void> {
    const [main] = this.processes();
    if (main === undefined) return;
    await freeze(main);
    // Only now: from here on it forks no process that we would miss.
    for (const pid of childrenOf(main)) await freeze(pid).catch(() => undefined);
  }

  thaw(): Promise<void> {
    this.processes().forEach(thaw);
    return Promise.resolve();
  }

  /** Waits until it answers. After a SIGKILL its orphans may hold the files for a moment: tries again. */
  async launch(): Promise<void> {
    await until(
      () => this.tryLaunch(),
      () => `${this.plan.name} answers. It said: ${this.server?.output ?? ''}`,
      30_000,
    );
  }

  private processes(): number[] {
    const { pid, running } = this.server ?? {};
    return pid === undefined || running !== true ? [] : [pid, ...childrenOf(pid)];
  }

  private async tryLaunch(): Promise<boolean> {
    const { command, env } = this.plan;
    const server = new Child(...command, { unprivileged: true, ...(env && { env }) });
    this.server = server;
    let answers = false;
    await until(async () => {
      answers = await this.answers();
      return answers || !server.running;
    }, `${this.plan.name} starts or ends`);
    return answers;
  }
}
