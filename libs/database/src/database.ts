import { setTimeout as sleep } from 'node:timers/promises';
import { KeyConnectorError } from '@key-connector/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import type { DatabaseSettings } from './database.settings.js';
import { databaseErrorOf, unavailable } from './dialect/database-error-of.js';
import type { Dialect } from './dialect/dialect.js';
import { openSource } from './dialect/open-source.js';
import { longestWrite } from './dialect/user-key.statements.js';
import { DatabaseSessionWrong, DatabaseUnavailable } from './errors/database.errors.js';
import type { Failure } from './errors/failure.js';
import type { Expectation } from './migrations/expectation.js';
import { assertLoginAlone } from './login-settings.js';
import { migrate, requireMade } from './migrations/migrate.js';
import { type DatabaseSession, OpenPlace } from './open-place.js';
import { SharedAnswer } from './shared-answer.js';

/** How often a statement is sent again after the database rolled it back: a deadlock's victim wins the second time. */
const attempts = 4;

/** Longest pause before a statement is sent again, in milliseconds. */
const longestPause = 60;

/** After which failures a statement that changes nothing is sent again. */
const readFailures: readonly Failure[] = ['rolled-back', 'connection-lost'];

/** After which failures work under the lock is run again, and a start looks again. */
const lockFailures: readonly Failure[] = ['rolled-back', 'locked'];

/** How old the answer of a ping may be: probes come from anybody, and must not use up the pool. */
const pingMilliseconds = 1000;

/** How often settings that were refused are tried again because those in use are refused too, in milliseconds. */
const retryMilliseconds = 1000;

/** What of the settings counts once the database is open. */
type DatabaseLimits = Pick<DatabaseSettings, 'migrate' | 'acquireTimeoutSeconds' | 'statementTimeoutSeconds'> & {
  readonly connection: object & { readonly commandTimeout?: number | undefined };
};

/** The database as the other rooms see it: opened at boot, and every failure told in the product's own errors. */
export class Database implements OnApplicationShutdown {
  /** What and where the database is, for people: `PostgreSQL at db.example:5432/keys`; no user name, no password. */
  readonly description: string;

  /** Longest wait for a place among the statements that run, in milliseconds. */
  readonly acquireTimeout: number;

  /** Longest run of one statement, in milliseconds. */
  readonly statementTimeout: number;

  /** How long a write may take from its look at the rows to its commit, in milliseconds: its deadline. */
  readonly writeTimeout: number;

  /** Rows that one `session.userKeys.swap` takes at most. */
  readonly maxSwaps: number;

  /** Members in one `session.userKeys.touch`. */
  readonly maxTouched: number;

  /** When a statement last succeeded, by `performance.now()`; never yet: -Infinity. */
  answeredAt = -Infinity;

  #open: OpenPlace;
  /** Settings that the database refused; tried again when it refuses those in use. */
  private refused: DatabaseSettings | undefined;
  private readonly retried = new SharedAnswer(() => this.retryRefused(), retryMilliseconds);
  private replacing: Promise<void> = Promise.resolve();
  private connecting: Promise<void> | undefined;
  /** Whether a session was not what it should be, since a ping last found one that is. */
  private wrong = false;
  private readonly pinged: SharedAnswer<void>;

  constructor(
    source: DataSource,
    dialect: Dialect,
    private settings: DatabaseLimits,
    private readonly expectation: Expectation,
  ) {
    this.description = dialect.description;
    this.acquireTimeout = settings.acquireTimeoutSeconds * 1000;
    this.statementTimeout = (settings.connection.commandTimeout ?? settings.statementTimeoutSeconds) * 1000;
    this.writeTimeout = Math.min(this.statementTimeout, longestWrite);
    this.#open = new OpenPlace(source, dialect);
    ({ maxSwaps: this.maxSwaps, maxTouched: this.maxTouched } = this.#open.session.userKeys);
    this.pinged = new SharedAnswer(() => this.again(({ ping }) => ping(), readFailures), pingMilliseconds);
  }

  /**
   * SQL for the length of a column, for what must not be read where anybody may have put a gigabyte; in a query builder
   * a column is written by its property: `database.lengthOf('row.document')`.
   */
  lengthOf(expression: string): string {
    return this.#open.dialect.lengthOf(expression);
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
   * Runs work in a transaction that no other process or caller holds at the same time. Inside, use its manager only.
   * The lock goes with the work's connection, so a killed holder blocks nobody.
   *
   * Where the database has no such lock, or has one at each node of a cluster, work can run at the same time: the
   * primary keys decide then, and work that was rolled back is run again.
   */
  async lock<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.translate(() => this.again((place) => place.dialect.lock(place.source, work), lockFailures));
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
    return this.serve(({ session }) => work(session), readFailures);
  }

  /**
   * Runs statements that change nothing in one session, which is asked first where it reads: for what must come from
   * where members are. A pooler could give any two statements sessions that differ.
   *
   * @example
   * const rows = await database.snapshot((manager) => manager.find(DataKeyRow));
   *
   * @throws DatabaseSessionWrong where the session reads elsewhere; otherwise as `read`.
   */
  async snapshot<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.serve(({ dialect, source }) => dialect.snapshot(source, work), readFailures);
  }

  /**
   * Runs one statement, or one transaction, that changes something: sent again only when the database says that it was
   * rolled back. After a lost connection nobody knows, and sending an old value again could undo a newer one.
   *
   * @example
   * await database.write(({ userKeys }) => userKeys.touch(ids, { at: new Date(), resolution: 0 }));
   *
   * @throws DatabaseRowLocked where another session holds a lock, DatabaseReadOnly where reads go on,
   * DatabaseUnavailable where nothing does; whatever else the work throws comes out as it is.
   */
  async write<T>(work: (session: DatabaseSession) => Promise<T>): Promise<T> {
    return this.serve(({ session }) => work(session), ['rolled-back']);
  }

  /**
   * Logs in by other settings from now on, such as a new password, user or client certificate. Statements that run end
   * on the connections that they have, and then those are closed. A database that is not open yet is opened by them.
   *
   * What the database refuses is kept, and tried again when it refuses the login in use: so a password can be told here
   * first, and changed there after, without a request lost.
   *
   * @throws KeyConnectorError and goes on with what is in use: where the database refuses them, and where they lead to
   * another place or change a limit, which is for a restart.
   */
  async replaceLogin(settings: DatabaseSettings): Promise<void> {
    assertLoginAlone(this.settings.connection, settings.connection, this.description);
    // A file has no login.
    if (settings.provider === 'sqlite') return;
    this.refused = undefined;
    try {
      await this.replace(settings);
    } catch (error) {
      this.refused = settings;
      throw error;
    }
  }

  /** Closes what TypeORM's module does not know of: a pool that took the place of the first one. */
  async onApplicationShutdown(): Promise<void> {
    await this.#open.close();
  }

  /** One after the other: each takes the place of what is in use then. */
  private replace(settings: DatabaseSettings): Promise<void> {
    const replaced = this.replacing.then(() => this.replaceNow(settings));
    this.replacing = replaced.catch(() => undefined);
    return replaced;
  }

  private async replaceNow(settings: DatabaseSettings): Promise<void> {
    // A start that opens the place in use is waited for, whatever comes of it.
    await this.connecting?.catch(() => undefined);
    const old = this.#open;
    const next = await old.again(settings);
    const isOpening = this.connecting !== undefined || old.source.isInitialized;
    if (isOpening && !next.source.isInitialized) return this.replaceNow(settings);
    this.#open = next;
    this.settings = settings;
    this.wrong = false;
    void old.closeWhenUnused();
  }

  /** Whether other settings are in use now. */
  private async retryRefused(): Promise<boolean> {
    const { refused } = this;
    if (refused === undefined) return false;
    return this.replace(refused).then(
      () => {
        this.refused = undefined;
        return true;
      },
      () => false,
    );
  }

  private async serve<T>(work: (place: OpenPlace) => Promise<T>, failures: readonly Failure[]): Promise<T> {
    // Sessions behind one connection may differ: as long as some are wrong, no member is told that there is no key.
    if (this.wrong) await this.ping();
    return this.translate(() => this.again(work, failures));
  }

  private async open(): Promise<void> {
    const place = this.#open;
    const { source, dialect } = place;
    try {
      const { settings, expectation } = this;
      // Each step can meet another process' lock of the whole database, which is waited for.
      await this.again(async () => {
        if (source.isInitialized) return;
        if (!settings.migrate) await requireMade(source, dialect);
        await dialect.prepare();
        await openSource(dialect, source);
      }, []);
      // A look at the tables can meet a migration of another replica, and be a deadlock's victim.
      await this.again(() => migrate(source, dialect, settings.migrate, expectation), lockFailures);
      await this.again(() => place.remember(), []);
    } catch (error) {
      this.noteFailure(error);
      // Nothing between here and the database is worth giving up for, but what an operator must change.
      throw this.expectation.absence(error) ?? databaseErrorOf(dialect, error) ?? unavailable(dialect, error);
    }
  }

  private async again<T>(work: (place: OpenPlace) => Promise<T>, failures: readonly Failure[]): Promise<T> {
    let mayLogInAnew = true;
    const tooLate = performance.now() + this.statementTimeout;
    for (let attempt = 1; ; attempt += 1) {
      const place = this.#open;
      try {
        return await place.run(() => work(place));
      } catch (error) {
        // No connection, so nothing was sent.
        if (mayLogInAnew && place.dialect.isLoginRefused?.(error) === true && (await this.retried.get())) {
          mayLogInAnew = false;
          continue;
        }
        const failure = place.dialect.failureOf(error);
        if (failure === 'busy') {
          if (performance.now() >= tooLate) throw error;
        } else {
          const last = failure === 'connection-lost' ? 2 : attempts;
          if (failure === undefined || !failures.includes(failure) || attempt >= last) throw error;
        }
        // The turn was given up meanwhile: what another process' lock does not hold up goes on.
        await sleep(Math.random() * Math.min(20 * attempt, longestPause));
      }
    }
  }

  private async translate<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#open.source.isInitialized) throw new DatabaseUnavailable(`${this.description} is not open yet.`);
    try {
      const result = await work();
      this.answeredAt = performance.now();
      return result;
    } catch (error) {
      this.noteFailure(error);
      if (error instanceof DatabaseSessionWrong) this.wrong = true;
      throw databaseErrorOf(this.#open.dialect, error) ?? error;
    }
  }

  private noteFailure(error: unknown): void {
    const { dialect } = this.#open;
    // An error of ours says nothing about the server; its code could be taken for one of the network's.
    const failure = error instanceof KeyConnectorError ? undefined : dialect.failureOf(error);
    if (failure !== undefined) dialect.failed?.(failure);
  }
}
