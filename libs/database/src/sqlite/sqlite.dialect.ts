import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId } from '@key-connector/common';
import SqliteDatabase from 'better-sqlite3';
import type { DataSource, DataSourceOptions, EntityManager } from 'typeorm';
import { commonOptions } from '../dialect/common-options.js';
import { Dialect, type Sight } from '../dialect/dialect.js';
import { DatabaseSessionWrong, DatabaseUnavailable, DatabaseUnexpected } from '../errors/database.errors.js';
import type { Failure } from '../errors/failure.js';
import type { ProductSettings } from '../dialect/product.js';
import type { SqliteConnection } from './connection-string.js';
import { sqliteFailureOf } from './failures.js';
import { sqliteLayoutGuard } from './layout-guard.js';
import { ClassicTables1760000000001 } from './migrations/1-classic-tables.js';
import { DataKeys1760000000002 } from './migrations/2-data-keys.js';
import { RingManifests1760000000003 } from './migrations/3-ring-manifests.js';
import { Turns } from './turns.js';
import { SqliteUserKeyStatements } from './user-key.statements.js';

/** Where nobody is served, better-sqlite3 may wait for another process' lock inside of the call. */
const busyMilliseconds = 100;
const lockDeadlineMilliseconds = 30_000;

/** Every transaction takes the write lock at its start: one that reads first could not be upgraded later. */
class ImmediateDatabase extends SqliteDatabase {
  override prepare<P extends unknown[] | object, R = unknown>(sql: string): SqliteDatabase.Statement<P, R> {
    return super.prepare<P, R>(sql === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE' : sql);
  }
}

/** SQLite in a file, through better-sqlite3. */
export class SqliteDialect extends Dialect {
  readonly description: string;
  readonly dataSourceOptions: DataSourceOptions;
  readonly migrationOptions: DataSourceOptions;
  readonly sight: Sight = {
    tables: (names) =>
      names
        .map((name) => `SELECT '${name}' AS "name" FROM sqlite_schema WHERE "name" = '${name}' COLLATE NOCASE`)
        .join(' UNION ALL '),
  };
  readonly layoutGuard = sqliteLayoutGuard;
  override readonly fractionDigits = 7;
  /** The client goes on after an error unless it is told not to (`-bail`): then the notes end the transaction. */
  override readonly script = { begin: 'BEGIN;', terminator: ';', insert: 'INSERT OR ROLLBACK', end: 'COMMIT;' };
  private readonly turns = new Turns();

  constructor(private readonly settings: Pick<ProductSettings<SqliteConnection>, 'connection' | 'expect'>) {
    super();
    const { connection } = settings;
    this.description = `SQLite file ${connection.file}`;
    this.dataSourceOptions = {
      ...commonOptions,
      type: 'better-sqlite3',
      driver: ImmediateDatabase,
      database: connection.file,
      fileMustExist: true,
      // No wait inside of the call, in which nothing else would go on: `Database` waits, and reads take their turns.
      timeout: 0,
      // A lost commit is a lost vault: wait for the disk at every commit, in every journal mode.
      prepareDatabase: (database: SqliteDatabase.Database) => void database.pragma('synchronous = FULL'),
      migrations: [ClassicTables1760000000001, DataKeys1760000000002, RingManifests1760000000003],
    };
    this.migrationOptions = { ...this.dataSourceOptions, timeout: busyMilliseconds };
  }

  /**
   * Makes a new file, for its owner only. A file that exists keeps its journal mode, which other software may rely on.
   */
  async prepare(): Promise<void> {
    if (!(await this.isToBeMade())) return;
    const { file } = this.settings.connection;
    await (await open(file, 'a', 0o600)).close();
    const database = new SqliteDatabase(file, { timeout: busyMilliseconds });
    try {
      database.pragma('journal_mode = WAL');
    } finally {
      database.close();
    }
  }

  /** An empty file, too, would have to be made one of SQLite's, to be asked. */
  override async isToBeMade(): Promise<boolean> {
    const { file, create } = this.settings.connection;
    const folder = dirname(file);
    const hasFolder = (await stat(folder).catch(() => undefined))?.isDirectory() === true;
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && found.size > 0) return false;
    if (this.settings.expect === 'existing') {
      const what = hasFolder ? this.description : `folder ${folder} of the ${this.description}`;
      throw new DatabaseUnexpected(
        `database__expect is existing, but the ${what} ${found === undefined ? 'does not exist' : 'is empty'}. ` +
          'Nothing was made. Does Data Source name the right file, and is its volume mounted?',
      );
    }
    if (!hasFolder) {
      throw new DatabaseUnavailable(
        `The folder ${folder} of the ${this.description} does not exist; create or mount it.`,
      );
    }
    if (found === undefined && !create) {
      throw new DatabaseUnavailable(`The ${this.description} does not exist, and Mode says not to create it.`);
    }
    return true;
  }

  /** In upper case, as the files of existing deployments have it. */
  override idText(id: UserId): string {
    return id.toUpperCase();
  }

  /** Nothing stands between, and it asks for no more than that what was set is so. */
  override async check(source: DataSource): Promise<void> {
    const [row] = await source.query<{ synchronous: number }[]>('PRAGMA synchronous');
    if ((row?.synchronous ?? 0) < 2) {
      throw new DatabaseSessionWrong(
        `${this.description} does not wait for the disk (synchronous), although it was told to.`,
      );
    }
  }

  userKeys(source: DataSource): SqliteUserKeyStatements {
    return new SqliteUserKeyStatements(source);
  }

  lock<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.turns.take(async () => {
      const deadline = Date.now() + lockDeadlineMilliseconds;
      const state = { entered: false };
      for (;;) {
        try {
          return await source.transaction((manager) => {
            state.entered = true;
            return work(manager);
          });
        } catch (error) {
          // Busy at the start: another process has the lock. Busy later is the work's own affair.
          if (state.entered || this.failureOf(error) !== 'busy' || Date.now() > deadline) throw error;
          await sleep(20 + Math.random() * 30);
        }
      }
    });
  }

  override turn<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.take(work);
  }

  failureOf(error: unknown): Failure | undefined {
    return sqliteFailureOf(error);
  }
}
