import { DataSource } from 'typeorm';
import { databaseErrorOf, unavailable } from '../dialect/database-error-of.js';
import type { Dialect } from '../dialect/dialect.js';
import type { Expectation } from './expectation.js';
import { runPending } from './migrate.js';
import { migrationScript } from './migration-script.js';
import { withMigrationSource } from './migration-source.js';
import { knownMigrations, pendingMigrations } from './pending-migrations.js';
import { recordOnDatabase, recordOnNothing } from './recording-runner.js';

/** The migrations by themselves, for operators who do not leave them to the service; opens what it needs. */
export class Migrations {
  constructor(
    private readonly dialect: Dialect,
    private readonly expectation: Expectation,
  ) {}

  /** What and where the database is, for people. */
  get description(): string {
    return this.dialect.description;
  }

  /** Runs what is pending, under the database's lock; gives the names of those that were run here. */
  run(): Promise<string[]> {
    return this.onDatabase((source) => runPending(source, this.dialect, this.expectation));
  }

  /** The SQL of what is pending on the database, of which it only reads; `undefined` when nothing is. */
  async pendingScript(): Promise<string | undefined> {
    if (await this.translated(async () => this.dialect.isToBeMade?.())) return this.fullScript();
    return this.onDatabase(async (source) => {
      await this.expectation.beforeTables(source.manager);
      const pending = await pendingMigrations(source, this.description);
      if (pending.length === 0) return undefined;
      const recording = recordOnDatabase(source);
      try {
        return await migrationScript(source, this.dialect, recording, pending);
      } finally {
        await recording.runner.release();
      }
    });
  }

  /** The SQL for an empty database; asks no server. */
  fullScript(): Promise<string> {
    const source = new DataSource(this.dialect.migrationOptions);
    return migrationScript(source, this.dialect, recordOnNothing(source), knownMigrations(source));
  }

  private onDatabase<T>(work: (source: DataSource) => Promise<T>): Promise<T> {
    return this.translated(async () => {
      await this.dialect.prepare();
      return withMigrationSource(this.dialect, work);
    });
  }

  private async translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.expectation.absence(error) ?? databaseErrorOf(this.dialect, error) ?? unavailable(this.dialect, error);
    }
  }
}
