import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { type Database, DatabaseRowLocked, UserKey } from '@key-connector/database';
import type { EntityManager } from 'typeorm';
import { type DatabaseSuite, ensureManifest, newId, put, store, testFence } from './open-database.js';
import type { TestDatabases } from './test-database.js';

/** What a product says to hold more than rows. */
interface Locks {
  readonly table: readonly string[];
  /** Said before the transaction ends. */
  readonly release: readonly string[];
  readonly dataKeys: string;
}

const sqlserver: Locks = {
  table: ['SELECT COUNT(*) AS [n] FROM [UserKeys] WITH (TABLOCK, HOLDLOCK)'],
  release: [],
  dataKeys: 'DELETE FROM [DataKeys]',
};

/** By the name of a kind; SQLite has one lock for all. */
const locks: readonly (readonly [name: RegExp, locks: Locks])[] = [
  [
    /^PostgreSQL/,
    {
      table: ['LOCK TABLE "UserKeys" IN ACCESS EXCLUSIVE MODE'],
      release: [],
      dataKeys: 'DELETE FROM "DataKeys"',
    },
  ],
  [
    /^MySQL/,
    { table: ['LOCK TABLES `UserKeys` WRITE'], release: ['UNLOCK TABLES'], dataKeys: 'DELETE FROM `DataKeys`' },
  ],
  [/SQL Server/, sqlserver],
  [/^SQLite/, { table: [], release: [], dataKeys: 'DELETE FROM "DataKeys"' }],
];

/** What a swap must never do: tests for the suite of each kind of database. */
export function lateSwaps(name: string, suite: DatabaseSuite<TestDatabases>): void {
  const { table, release, dataKeys } = locks.find(([pattern]) => pattern.test(name))?.[1] ?? sqlserver;
  const valuesOf = async (database: Database, ...ids: readonly ReturnType<typeof newId>[]): Promise<string[]> =>
    (await database.read(({ userKeys }) => userKeys.find(ids))).map(({ value }) => value);

  test.each<readonly [what: string, hold: (manager: EntityManager, id: string) => Promise<unknown>]>([
    ['its row', (manager, id) => manager.update(UserKey, { id }, { lastAccessDate: new Date() })],
    ['a row with its id that another one inserts', (manager, id) => manager.insert(UserKey, { ...row, id })],
    ['the table', (manager) => Promise.all(table.map((sql) => manager.query(sql)))],
    ['its data key, which another one deletes', (manager) => manager.query(dataKeys)],
  ])('a swap that waited for %s beyond its deadline changes nothing', async (what, hold) => {
    const database = await suite.open();
    await suite.place.sql(`INSERT INTO "DataKeys" ("Id", "CreationDate") VALUES (1, '2026-01-01 00:00:00')`);
    await ensureManifest(database);
    const id = newId();
    const there = what === 'its row';
    if (there) await put(database, id, 'old');
    let late: Promise<unknown> | undefined;
    const holder = database.lock(async (manager) => {
      // On the connection that holds the lock: SQLite has no other.
      const { clock } = await database.read(({ userKeys }) => userKeys.look([id], 0));
      await hold(manager, id);
      const swaps = [{ key: { id, value: 'late', dataKeyId: 1 }, expected: there ? 'old' : undefined }];
      // Elsewhere than in this piece of work, which has its turn.
      late = elsewhere(() =>
        database.write(({ userKeys }) => userKeys.swap(swaps, { at: clock, deadline: clock + 300 }, testFence)),
      );
      await sleep(400);
      await Promise.all(release.map((sql) => manager.query(sql)));
      throw new Error('let go');
    });
    await expect(holder).rejects.toThrow('let go');
    expect(await late).toBe('late');
    expect(await valuesOf(database, id)).toEqual(there ? ['old'] : []);
    // What was late left no lock behind.
    await put(database, id, 'new');
    expect(await valuesOf(database, id)).toEqual(['new']);
  });

  // SQLite has no locks on rows.
  if (table.length > 0)
    test('a swap waits for a locked row much shorter than its deadline, says so, and leaves nothing behind', async () => {
      const database = await suite.open();
      const [held, free] = [newId(), newId()];
      for (const id of [held, free]) await put(database, id, 'old');
      const { clock } = await database.read(({ userKeys }) => userKeys.look([held], 0));
      const began = performance.now();
      const holder = database.lock(async (manager) => {
        await manager.update(UserKey, { id: held }, { lastAccessDate: new Date() });
        const ids = [held, free].slice(0, database.maxSwaps).sort();
        const swaps = ids.map((id) => ({ key: { id, value: 'new', dataKeyId: null }, expected: 'old' }));
        const times = { at: clock, deadline: clock + database.statementTimeout };
        const swapped = database.write(({ userKeys }) => userKeys.swap(swaps, times, testFence));
        await expect(swapped).rejects.toThrow(DatabaseRowLocked);
        expect(performance.now() - began).toBeLessThan(database.statementTimeout / 2);
        throw new Error('let go');
      });
      await expect(holder).rejects.toThrow('let go');
      expect(await valuesOf(database, held, free)).toEqual(['old', 'old']);
      for (const id of [held, free]) await put(database, id, 'new');
      expect(await valuesOf(database, held, free)).toEqual(['new', 'new']);
    });

  test('a swap changes a row only while it is as it was expected, byte for byte', async () => {
    const database = await suite.open();
    await ensureManifest(database);
    const ids = Array.from({ length: database.maxSwaps > 1 ? 4 : 1 }, newId).sort();
    const [first = newId()] = ids;
    const swap = async (expected: string | undefined, value: string): Promise<unknown> => {
      const { clock } = await database.read(({ userKeys }) => userKeys.look(ids, 0));
      const swaps = ids.map((id) => ({
        key: { id, value: id === first ? value : `${value} too`, dataKeyId: null },
        expected,
      }));
      return database.write(({ userKeys }) => userKeys.swap(swaps, { at: clock, deadline: clock + 10_000 }, testFence));
    };
    expect(await swap(undefined, 'Abc')).toEqual(new Set(ids));
    expect(await swap(undefined, 'x')).toEqual(new Set());
    expect(await swap('abc', 'x')).toEqual(new Set());
    // The others hold another value.
    expect(await swap('Abc', 'new')).toEqual(new Set([first]));
    expect((await valuesOf(database, ...ids)).sort()).toEqual([...ids.slice(1).map(() => 'Abc too'), 'new'].sort());
  });

  test('a look tells which keys are young by the database’s own clock, in either direction', async () => {
    const database = await suite.open();
    const { clock } = await database.read(({ userKeys }) => userKeys.look([newId()], 0));
    const ages = new Map([-20, -10, 10, 20].map((minutes) => [newId(), minutes]));
    for (const [id, minutes] of ages) await put(database, id, 'v', new Date(clock - minutes * 60_000));
    const replaced = newId();
    await put(database, replaced, 'v', new Date(clock - 3_600_000));
    await put(database, replaced, 'w');
    const { rows } = await database.read(({ userKeys }) => userKeys.look([...ages.keys(), replaced], 15));
    for (const { id, young } of rows) expect(young).toBe(Math.abs(ages.get(id) ?? 0) < 15);
    expect(rows).toHaveLength(5);
  });

  test('a swap of rows without a value, and of such whose value holds every kind of character, is exact', async () => {
    const database = await suite.open();
    const id = newId();
    const value = `a'b"c\\d?e$1f%g\u00fc\u{1f511}`;
    await put(database, id, value);
    await suite.place.sql('UPDATE "UserKeys" SET "Key" = NULL');
    await store(database, [{ id, value, dataKeyId: null }]);
    expect(await valuesOf(database, id)).toEqual([value]);
    await put(database, id, 'plain');
    expect(await valuesOf(database, id)).toEqual(['plain']);
  });
}

/** Runs work as if it were called from where nothing has a turn. */
const elsewhere = AsyncLocalStorage.snapshot();

const row = { value: 'x', creationDate: new Date() };
