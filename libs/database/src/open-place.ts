import { DataSource, type EntityManager } from 'typeorm';
import type { DatabaseSettings } from './database.settings.js';
import { databaseErrorOf, unavailable } from './dialect/database-error-of.js';
import type { Dialect } from './dialect/dialect.js';
import { nobody } from './dialect/dialect.js';
import { openSource } from './dialect/open-source.js';
import type { UserKeyStatements } from './dialect/user-key.statements.js';
import { DatabaseUnexpected } from './errors/database.errors.js';
import { openDialect } from './products.js';

/** What work is done with inside of `Database.read` and `Database.write`; no other place has it. */
export interface DatabaseSession {
  /** The hot statements on UserKeys. */
  readonly userKeys: UserKeyStatements;
  /** TypeORM's manager, for what is not hot; each statement by itself, outside of any transaction. */
  readonly manager: EntityManager;
}

/** A pool on the database, by one login; it is closed when the last work on it has ended. */
export class OpenPlace {
  readonly session: DatabaseSession;
  /** Where its first session read, in its own words; `undefined` where nobody asked yet. */
  private place: string | undefined;
  private running = 0;
  private unused: (() => void) | undefined;

  constructor(
    readonly source: DataSource,
    readonly dialect: Dialect,
    /** Whether TypeORM's module made it, which then closes it at the end. */
    private readonly isFirst = true,
  ) {
    this.session = { userKeys: dialect.userKeys(source), manager: source.manager };
  }

  readonly ping = (): Promise<void> => this.dialect.ping(this.source);

  /** Runs work that may use the pool until it ends. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.running += 1;
    try {
      return await this.dialect.turn(work);
    } finally {
      this.running -= 1;
      if (this.running === 0) this.unused?.();
    }
  }

  /** Takes note where it reads, for a comparison with whatever takes its place. */
  async remember(): Promise<void> {
    this.place = await this.asked();
  }

  /**
   * The same place by another login, open where this one is.
   *
   * @throws KeyConnectorError where the database refuses it, or it leads elsewhere.
   */
  async again(settings: DatabaseSettings): Promise<OpenPlace> {
    const dialect = await openDialect(settings);
    const { entities = [] } = this.source.options;
    const next = new OpenPlace(new DataSource({ ...dialect.dataSourceOptions, entities }), dialect, false);
    if (!this.source.isInitialized) return next;
    try {
      await dialect.prepare();
      await openSource(dialect, next.source);
      await next.prove(this.place);
      return next;
    } catch (error) {
      await next.close();
      throw databaseErrorOf(dialect, error) ?? unavailable(dialect, error);
    }
  }

  /** Lets the work that runs end, and closes the pool. */
  async closeWhenUnused(): Promise<void> {
    if (this.running > 0) await new Promise<void>((resolve) => (this.unused = resolve));
    // Nothing waits for it, and a server that is gone is told nothing.
    if (this.source.isInitialized) await this.source.destroy().catch(() => undefined);
  }

  /** Closes the pool now, unless TypeORM's module does. */
  async close(): Promise<void> {
    if (!this.isFirst && this.source.isInitialized) await this.source.destroy();
  }

  /** That the login may read and date members' rows, in the place that was in use. */
  private async prove(place: string | undefined): Promise<void> {
    await this.remember();
    if (place !== undefined && this.place !== place)
      throw new DatabaseUnexpected(
        `${this.dialect.description}: the new login leads to another place (${this.place ?? ''}) than the one in use (${place}). ` +
          'Give it the same schema, or restart the service where the change is meant.',
      );
    await this.ping();
    try {
      await this.session.userKeys.touch([nobody], { at: new Date(), resolution: 0 });
    } catch (error) {
      // A standby, or a full disk: nothing to hold against the login.
      if (this.dialect.failureOf(error) !== 'read-only') throw error;
    }
  }

  private async asked(): Promise<string> {
    const { place } = this.dialect.sight;
    if (place === undefined) return '';
    const rows = await this.source.manager.query<readonly { readonly place: string }[]>(place);
    return rows.map((row) => row.place).join();
  }
}
