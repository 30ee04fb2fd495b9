import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import type { UserId } from '@key-connector/common';
import { DatabaseReadOnly, DatabaseUnavailable, DatabaseUnsupported } from '@key-connector/database';
import type { Database, StoredUserKey } from '@key-connector/database';
import { insert, newId, put, useDatabases } from './open-database.js';
import { sqliteDatabases } from './test-database.js';

describe('an SQLite file', () => {
  const suite = useDatabases(sqliteDatabases);
  const { open } = suite;
  let file: string;

  const find = (database: Database, ...ids: UserId[]): Promise<StoredUserKey[]> =>
    database.read(({ userKeys }) => userKeys.find(ids));

  beforeEach(() => {
    file = (suite.place.settings['sqliteConnectionString'] ?? '').replace('Data Source=', '');
  });

  test('that is new belongs to its owner alone, and waits for the disk at every commit', async () => {
    const database = await open();
    await put(database, newId(), 'v');
    for (const suffix of ['', '-wal', '-shm']) {
      expect(((await stat(file + suffix)).mode & 0o777).toString(8)).toBe('600');
    }
    const mode = await suite.opened[0]?.source.query<unknown[]>('PRAGMA journal_mode');
    const synchronous = await suite.opened[0]?.source.query<unknown[]>('PRAGMA synchronous');
    expect(mode).toEqual([{ journal_mode: 'wal' }]);
    expect(synchronous).toEqual([{ synchronous: 2 }]);
  });

  test('of a classic deployment keeps its journal mode and its rights', async () => {
    await suite.place.loadClassic();
    await chmod(file, 0o640);
    const database = await open();
    await put(database, newId(), 'v');
    expect(await suite.place.sql('PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }]);
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('640');
  });

  test('holds one row a member, found and replaced in either case of the GUID', async () => {
    const database = await open();
    const [upper, lower] = [newId(), newId()];
    const into = `INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES`;
    await suite.place.sql(
      `${into} ('${upper.toUpperCase()}', 'a', '2026-01-01 00:00:00'), ('${lower}', 'b', '2026-01-01 00:00:00')`,
    );
    expect((await find(database, upper, lower)).map(({ id }) => id).sort()).toEqual([upper, lower].sort());
    for (const id of [upper, lower]) {
      expect(await insert(database, { id, value: 'x', dataKeyId: null })).toBe(false);
      await put(database, id, 'new');
      await database.write(({ userKeys }) =>
        userKeys.touch([id], { at: new Date('2026-02-03T04:05:06Z'), resolution: 0 }),
      );
    }
    const rows = await suite.place.sql('SELECT "Key", "LastAccessDate" FROM "UserKeys"');
    const row = { Key: 'new', LastAccessDate: '2026-02-03 04:05:06.0000000' };
    expect(rows).toEqual([row, row]);
  });

  test('gets new GUIDs in upper case, as the classic software looks for them', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    expect(await suite.place.sql('SELECT "Id" FROM "UserKeys"')).toEqual([{ Id: id.toUpperCase() }]);
  });

  test('with two rows for one member is refused by their id, and is not changed', async () => {
    await suite.place.loadClassic();
    const [{ Id: id } = { Id: '' }] = await suite.place.sql<{ Id: string }>('SELECT "Id" FROM "UserKeys" LIMIT 1');
    await suite.place.sql(
      `INSERT INTO "UserKeys" VALUES ('${id.toLowerCase()}', 'k', '2026-01-01 00:00:00', NULL, NULL)`,
    );
    await expect(open()).rejects.toThrow(DatabaseUnsupported);
    await expect(open()).rejects.toThrow(id.toLowerCase());
    expect(
      await suite.place.sql(`SELECT name FROM sqlite_schema WHERE name LIKE '%Data%Key%' OR name LIKE 'KeyC%'`),
    ).toEqual([]);
  });

  test('reads by index, also when the case differs', async () => {
    const database = await open();
    await put(database, newId(), 'v');
    const plan = await suite.place.sql<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT k."Key" FROM json_each('["x"]') AS wanted JOIN "UserKeys" AS k ON k."Id" = wanted.value COLLATE NOCASE`,
    );
    expect(plan.map(({ detail }) => detail).join()).toContain('IX_UserKeys_Id_NoCase');
  });

  test('in a folder that is not there is not made: the message names the folder', async () => {
    const folder = join(suite.databases.folder.path, 'nosuch');
    const settings = { sqliteConnectionString: `Data Source=${join(folder, 'keys.db')}` };
    await expect(open(settings)).rejects.toThrow(DatabaseUnavailable);
    await expect(open(settings)).rejects.toThrow(`The folder ${folder} of the SQLite file`);
  });

  test('that is no database is refused as such', async () => {
    await expect(open({ sqliteConnectionString: `Data Source=${import.meta.filename}` })).rejects.toThrow(
      /SQLITE_NOTADB/,
    );
  });

  test('that another process locks for a while: writes wait for it, reads do not', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    const other = new SqliteDatabase(file);
    try {
      other.exec('BEGIN IMMEDIATE');
      const begun = performance.now();
      let stored = false;
      const written = put(database, id, 'w').then(() => (stored = true));
      while (performance.now() - begun < 1500) {
        expect(await find(database, id)).toMatchObject([{ value: 'v' }]);
        await sleep(20);
      }
      expect(stored).toBe(false);
      other.exec('COMMIT');
      await written;
    } finally {
      other.close();
    }
    expect(await find(database, id)).toMatchObject([{ value: 'w' }]);
  });

  test('of a classic deployment that another process has locked whole is opened once the lock goes', async () => {
    await suite.place.loadClassic();
    await open();
    const other = new SqliteDatabase(file);
    try {
      other.exec('BEGIN EXCLUSIVE');
      const opening = open();
      await Promise.race([opening.catch(() => undefined), sleep(500)]);
      other.exec('ROLLBACK');
      await expect(opening.then((database) => database.ping())).resolves.toBeUndefined();
    } finally {
      other.close();
    }
  });

  test('that another process keeps locked: a write gives up by its deadline, and is not done later', async () => {
    const database = await open({ statementTimeoutSeconds: '1' });
    const id = newId();
    await put(database, id, 'v');
    const other = new SqliteDatabase(file);
    other.exec('BEGIN IMMEDIATE');
    try {
      await expect(put(database, id, 'w')).rejects.toThrow('another process has held its lock for too long');
    } finally {
      other.close();
    }
    expect(await find(database, id)).toMatchObject([{ value: 'v' }]);
    await put(database, id, 'x');
  });

  test('on a full disk takes no writes and still answers reads', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    const [pages] = (await suite.opened[0]?.source.query<{ page_count: number }[]>('PRAGMA page_count')) ?? [];
    await suite.opened[0]?.source.query(`PRAGMA max_page_count = ${pages?.page_count ?? 0}`);
    await expect(put(database, id, 'w'.repeat(20_000))).rejects.toThrow(DatabaseReadOnly);
    expect(await find(database, id)).toMatchObject([{ value: 'v' }]);
  });
});
