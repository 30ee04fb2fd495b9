import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { tempFolder } from '../../test/lab/files/temp-folder.ts';
import type { BenchDatabase, StoredValue, StoredWrapping } from './database.ts';

/** An SQLite file, which the service makes at its first start; its CPU time is part of each target's own. */
export async function startSqlite(): Promise<BenchDatabase> {
  const folder = await tempFolder('bench-sqlite');
  const file = join(folder.path, 'keys.db');
  const using = <T>(work: (database: SqliteDatabase.Database) => T): Promise<T> => {
    const database = new SqliteDatabase(file, { timeout: 10_000 });
    try {
      return Promise.resolve(work(database));
    } finally {
      database.close();
    }
  };
  return {
    description: `SQLite ${versionOf()}`,
    url: file,
    serviceSettings: {
      database__provider: 'sqlite',
      database__sqliteConnectionString: `Data Source=${file}`,
    },
    activeWrapping: () => using(activeWrapping),
    insert: (rows) =>
      using((database) => {
        insert(database, rows);
      }),
    tidy: () =>
      using((database) => {
        database.pragma('wal_checkpoint(TRUNCATE)');
      }),
    cpuMicroseconds: () => 0,
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

function versionOf(): string {
  const database = new SqliteDatabase(':memory:');
  try {
    return String(database.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    database.close();
  }
}

function activeWrapping(database: SqliteDatabase.Database): StoredWrapping {
  const wrapping = database
    .prepare<[], StoredWrapping>(
      `SELECT "DataKeyId" AS dataKeyId, "Algorithm" AS algorithm, "WrappedKey" AS wrappedKey
       FROM "DataKeyWrappings" ORDER BY "DataKeyId" DESC LIMIT 1`,
    )
    .get();
  if (!wrapping) throw new Error('The service made no data key: DataKeyWrappings is empty.');
  return wrapping;
}

function insert(database: SqliteDatabase.Database, rows: readonly StoredValue[]): void {
  const statement = database.prepare(
    `INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate") VALUES (?, ?, ?, '2026-01-01 00:00:00.0000000')`,
  );
  database.transaction(() => {
    for (const { userId, value, dataKeyId } of rows) statement.run(userId.toUpperCase(), value, dataKeyId);
  })();
}
