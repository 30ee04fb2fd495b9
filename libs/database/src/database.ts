import { setTimeout as sleep } from 'node:timers/promises';
import { KeyConnectorError } from '@key-connector/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { DatabaseSettings } from './database.settings.js';
import { databaseErrorOf, unavailable } from './dialect/database-error-of.js';
import { Dialect } from './dialect/dialect.js';
import { openSource } from './dialect/open-source.js';
import type { UserKeyStatements } from './dialect/user-key.statements.js';
import { DatabaseSessionWrong, DatabaseUnavailable } from './errors/database.errors.js';
import type { Failure } from './errors/failure.js';
import type { Expectation } from './migrations/expectation.js';
import { migrate } from './migrations/migrate.js';
import { SharedAnswer } from './shared-answer.js';

/** How often a statement is sent again after the database rolled it back: a deadlock's victim wins the second time. */
const attempts = 4;

/** After which failures a statement that changes nothing is sent again. */
const readFailures: readonly Failure[] = ['rolled-back', 'connection-lost'];

/** After which failures work under the lock is run again, and a start looks again. */
const lockFailures: readonly Failure[] = ['rolled-back', 'locked'];

/** How old the answer of a ping may be: probes come from anybody, and must not use up the pool. */
const pingMilliseconds = 1000;

/** What work is done with inside of `Database.read` and `Database.write`; no other place has it. */
export interface DatabaseSession {
  /** The hot statements on UserKeys. */
  readonly userKeys: UserKeyStatements;
  /** TypeORM's manager, for what is not hot; each statement by itself, outside of any transaction. */
  readonly manager: EntityManager;
}

/** The database as the other rooms see it: opened at boot, and every failure told in the product's own errors. */
export class Database {
  /** What and where the database is, for people: `PostgreSQL at db.example:5432/keys`; no user name, no password. */
  readonly description: string;

  /** Longest wait for a place among the statements that run, in milliseconds. */
  readonly acquireTimeout: number;

  /** Longest run of one statement, in milliseconds; for a write, its deadline. */
  readonly statementTimeout: number;

  /** Rows that one `session.userKeys.swap` takes at most. */
  readonly maxSwaps: number;

  /** When a statement last succeeded, by `performance.now()`; never yet: -Infinity. */
  answeredAt = -Infinity;

  readonly #session: DatabaseSession;
  private connecting: Promise<void> | undefined;
  /** Whether a session was not what it should be, since a ping last found one that is. */
  private wrong = false;
  private readonly pinged: SharedAnswer<void>;

  constructor(
    private readonly source: DataSource,
    private readonly dialect: Dialect,
    private readonly settings: Pick<
      DatabaseSettings,
      'migrate' | 'acquireTimeoutSeconds' | 'statementTimeoutSeconds'
    > & {
      readonly connection: object & { readonly commandTimeout?: number | undefined };
    },
    private readonly expectation: Expectation,
  ) {
    this.description = dialect.description;
    this.acquireTimeout = settings.acquireTimeoutSeconds * 1000;
    this.statementTimeout = (settings.connection.commandTimeout ?? settings.statementTimeoutSeconds) * 1000;
    this.#session = { userKeys: dialect.userKeys(source), manager: source.manager };
    this.maxSwaps = this.#session.userKeys.maxSwaps;
    this.pinged = new SharedAnswer(() => this.again(() => dialect.ping(source), readFailures), pingMilliseconds);
  }

  /**
   * Opens the pool, looks at what is there, and runs or checks the migrations; may be called again after a failure.
   *
   * @throws UnavailableError when it is worth trying again; any other KeyConnectorError when it is not.
   */
  async connect(): Promise<void> {
    this.connecting ??= this.open().finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  /** One round trip, shared by all who ask within a second. */
  async ping(): Promise<void> {
    await this.translate(() => this.pinged.get());
    this.wrong = false;
  }

  /**
   * Runs work in a transaction that no other process or caller holds at the same time. Inside, use its manager only. The
   * lock goes with the work's connection, so a killed holder blocks nobody.
   *
   * Where the database has no such lock, or has one at each node of a cluster, work can run at the same time: the primary keys
   * decide then, and work that was rolled back is run again.
   */
  async lock<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.translate(() => this.again(() => this.dialect.lock(this.source, work), lockFailures));
  }

  /**
   * Runs statements that change nothing: sent again after a lost connection, once, or when rolled back.
   *
   * @example
   * const rows = await database.read(({ userKeys }) => userKeys.find(ids));
   *
   * @throws DatabaseUnavailable; whatever else the work throws comes out as it is.
   */
  async read<T>(work: (session: DatabaseSession) => Promise<T>): Promise<T> {
    return this.serve(work, readFailures);
  }

  /**
   * Runs statements that change nothing in one session, which is asked first where it reads: for what must come from where
   * members are. A pooler could give any two statements sessions that differ.
   *
   * @example
   * const rows = await database.snapshot((manager) => manager.find(DataKeyRow));
   *
   * @throws DatabaseSessionWrong where the session reads elsewhere; otherwise as `read`.
   */
  async snapshot<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.serve(() => this.dialect.snapshot(this.source, work), readFailures);
  }

  /**
   * Runs one statement, or one transaction, that changes something: sent again only when the database says that it was
   * rolled back. After a lost connection nobody knows, and sending an old value again could undo a newer one.
   *
   * @example
   * await database.write(({ userKeys }) => userKeys.touch(ids, new Date()));
   *
   * @throws DatabaseRowLocked where another session holds a lock, DatabaseReadOnly where reads go on, DatabaseUnavailable
   * where nothing does; whatever else the work throws comes out as it is.
   */
  async write<T>(work: (session: DatabaseSession) => Promise<T>): Promise<T> {
    return this.serve(work, ['rolled-back']);
  }

  private async serve<T>(work: (session: DatabaseSession) => Promise<T>, failures: readonly Failure[]): Promise<T> {
    // Sessions behind one connection may differ: as long as some are wrong, no member is told that there is no key.
    if (this.wrong) await this.ping();
    return this.translate(() => this.again(() => work(this.#session), failures));
  }

  private async open(): Promise<void> {
    try {
      if (!this.source.isInitialized) {
        await this.dialect.prepare();
        await openSource(this.dialect, this.source);
      }
      // A look at the tables can meet a migration of another replica, and be a deadlock's victim.
      const { source, dialect, settings, expectation } = this;
      await this.again(() => migrate(source, dialect, settings.migrate, expectation), lockFailures);
    } catch (error) {
      this.noteFailure(error);
      // Nothing between here and the database is worth giving up for, but what an operator must change.
      throw this.expectation.absence(error) ?? databaseErrorOf(this.dialect, error) ?? unavailable(this.dialect, error);
    }
  }

  private async again<T>(work: () => Promise<T>, failures: readonly Failure[]): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.dialect.turn(work);
      } catch (error) {
        const failure = this.dialect.failureOf(error);
        const last = failure === 'connection-lost' ? 2 : attempts;
        if (failure === undefined || !failures.includes(failure) || attempt >= last) throw error;
        await sleep(Math.random() * 20 * attempt);
      }
    }
  }

  private async translate<T>(work: () => Promise<T>): Promise<T> {
    if (!this.source.isInitialized) throw new DatabaseUnavailable(`${this.description} is not open yet.`);
    try {
      const result = await work();
      this.answeredAt = performance.now();
      return result;
    } catch (error) {
      this.noteFailure(error);
      if (error instanceof DatabaseSessionWrong) this.wrong = true;
      throw databaseErrorOf(this.dialect, error) ?? error;
    }
  }

  private noteFailure(error: unknown): void {
    // An error of ours says nothing about the server; its code could be taken for one of the network's.
    const failure = error instanceof KeyConnectorError ? undefined : this.dialect.failureOf(error);
    if (failure !== undefined) this.dialect.failed?.(failure);
  }
}
