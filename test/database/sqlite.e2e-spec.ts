import { randomUUID } from 'node:crypto';
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { parseUserId, type UserId } from '@key-connector/common';
import { DatabaseReadOnly, DatabaseUnavailable, DatabaseUnsupported, type Database } from '@key-connector/database';
import { openDatabase, type OpenDatabase } from './open-database.js';
import { sqliteDatabases, type TestDatabase } from './test-database.js';

const newId = (): UserId => {
  const id = parseUserId(randomUUID());
  if (id === undefined) throw new Error('no GUID');
  return id;
};

describe('an SQLite file', () => {
  let databases: Awaited<ReturnType<typeof sqliteDatabases>>;
  let place: TestDatabase;
  let opened: OpenDatabase[];
  let file: string;

  const open = async (settings: Record<string, string> = {}): Promise<Database> => {
    const one = await openDatabase({ ...place.settings, ...settings });
    opened.push(one);
    return one.database;
  };
  const put = (database: Database, id: UserId, value: string): Promise<void> =>
    database.write(() => database.userKeys.put({ id, value, dataKeyId: null }, new Date()));
  const find = (database: Database, ...ids: UserId[]): ReturnType<Database['userKeys']['find']> =>
    database.read(() => database.userKeys.find(ids));

  beforeAll(async () => {
    databases = await sqliteDatabases();
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    opened = [];
    place = await databases.create();
    file = (place.settings['sqliteConnectionString'] ?? '').replace('Data Source=', '');
  });
  afterEach(async () => {
    await Promise.all(opened.map((one) => one.close()));
  });

  test('that is new belongs to its owner alone, and waits for the disk at every commit', async () => {
    const database = await open();
    await put(database, newId(), 'v');
    for (const suffix of ['', '-wal', '-shm']) {
      expect(((await stat(file + suffix)).mode & 0o777).toString(8)).toBe('600');
    }
    const mode = await opened[0]?.source.query<unknown[]>('PRAGMA journal_mode');
    const synchronous = await opened[0]?.source.query<unknown[]>('PRAGMA synchronous');
    expect(mode).toEqual([{ journal_mode: 'wal' }]);
    expect(synchronous).toEqual([{ synchronous: 2 }]);
  });

  test('of a classic deployment keeps its journal mode and its rights', async () => {
    await place.loadClassic();
    await chmod(file, 0o640);
    const database = await open();
    await put(database, newId(), 'v');
    expect(await place.sql('PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }]);
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('640');
  });

  test('holds one row a member, found and replaced in either case of the GUID', async () => {
    const database = await open();
    const [upper, lower] = [newId(), newId()];
    const insert = `INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES`;
    await place.sql(
      `${insert} ('${upper.toUpperCase()}', 'a', '2026-01-01 00:00:00'), ('${lower}', 'b', '2026-01-01 00:00:00')`,
    );
    expect((await find(database, upper, lower)).map(({ id }) => id).sort()).toEqual([upper, lower].sort());
    for (const id of [upper, lower]) {
      const again = { id, value: 'x', dataKeyId: null };
      expect(await database.write(() => database.userKeys.insert(again, new Date()))).toBe(false);
      await put(database, id, 'new');
      await database.write(() => database.userKeys.touch([{ id, at: new Date('2026-02-03T04:05:06Z') }]));
    }
    const rows = await place.sql('SELECT "Key", "LastAccessDate" FROM "UserKeys"');
    const row = { Key: 'new', LastAccessDate: '2026-02-03 04:05:06.0000000' };
    expect(rows).toEqual([row, row]);
  });

  test('gets new GUIDs in upper case, as the classic software looks for them', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    expect(await place.sql('SELECT "Id" FROM "UserKeys"')).toEqual([{ Id: id.toUpperCase() }]);
  });

  test('with two rows for one member is refused by their id, and is not changed', async () => {
    await place.loadClassic();
    const [{ Id: id } = { Id: '' }] = await place.sql<{ Id: string }>('SELECT "Id" FROM "UserKeys" LIMIT 1');
    await place.sql(`INSERT INTO "UserKeys" VALUES ('${id.toLowerCase()}', 'k', '2026-01-01 00:00:00', NULL, NULL)`);
    await expect(open()).rejects.toThrow(DatabaseUnsupported);
    await expect(open()).rejects.toThrow(id.toLowerCase());
    expect(await place.sql(`SELECT name FROM sqlite_schema WHERE name LIKE '%Data%Key%' OR name LIKE 'KeyC%'`)).toEqual(
      [],
    );
  });

  test('reads by index, also when the case differs', async () => {
    const database = await open();
    await put(database, newId(), 'v');
    const plan = await place.sql<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT k."Key" FROM json_each('["x"]') AS wanted JOIN "UserKeys" AS k ON k."Id" = wanted.value COLLATE NOCASE`,
    );
    expect(plan.map(({ detail }) => detail).join()).toContain('IX_UserKeys_Id_NoCase');
  });

  test('in a folder that is not there is not made: the message names the folder', async () => {
    const folder = join(databases.folder.path, 'nosuch');
    const settings = { sqliteConnectionString: `Data Source=${join(folder, 'keys.db')}` };
    await expect(open(settings)).rejects.toThrow(DatabaseUnavailable);
    await expect(open(settings)).rejects.toThrow(`The folder ${folder} of the SQLite file`);
  });

  test('that is no database is refused as such', async () => {
    await expect(open({ sqliteConnectionString: `Data Source=${import.meta.filename}` })).rejects.toThrow(
      /SQLITE_NOTADB/,
    );
  });

  test('that another process keeps locked: writes give up soon, the event loop runs, reads go on', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    const other = new SqliteDatabase(file);
    other.exec('BEGIN IMMEDIATE');
    try {
      const started = Date.now();
      await expect(put(database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
      expect(Date.now() - started).toBeLessThan(2000);
      expect(await find(database, id)).toMatchObject([{ value: 'v' }]);
    } finally {
      other.close();
    }
    await put(database, id, 'w');
  });

  test('on a full disk takes no writes and still answers reads', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    const [pages] = (await opened[0]?.source.query<{ page_count: number }[]>('PRAGMA page_count')) ?? [];
    await opened[0]?.source.query(`PRAGMA max_page_count = ${pages?.page_count ?? 0}`);
    await expect(put(database, id, 'w'.repeat(20_000))).rejects.toThrow(DatabaseReadOnly);
    expect(await find(database, id)).toMatchObject([{ value: 'v' }]);
  });
});
