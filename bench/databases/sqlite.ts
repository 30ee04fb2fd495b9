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
    crowd: (count, row) =>
      using((database) => {
        crowd(database, count, row);
      }),
    // The whole file: what else is in it does not grow with members.
    tableBytes: () =>
      using((database) => {
        const of = (name: string): number => Number(database.pragma(name, { simple: true }));
        return of('page_count') * of('page_size');
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

function crowd(database: SqliteDatabase.Database, count: number, row: Omit<StoredValue, 'userId'>): void {
  const id = [4, 2, 2, 2, 6].map((bytes) => `hex(randomblob(${bytes}))`).join(` || '-' || `);
  const numbers = 'WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?)';
  database
    .prepare(
      `${numbers} INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate")
       SELECT ${id}, ?, ?, '2025-01-01 00:00:00.0000000' FROM n`,
    )
    .run(count, row.value, row.dataKeyId);
}
