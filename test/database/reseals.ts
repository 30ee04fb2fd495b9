import { expect, test } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import type { Database, RingFence, UserKeyReseal } from '@key-connector/database';
import { type DatabaseSuite, ensureManifest, newId, put, testFence } from './open-database.js';
import type { TestDatabases } from './test-database.js';

/** How a key that is sealed anew is written: tests for the suite of each kind of database. */
export function reseals(suite: DatabaseSuite<TestDatabases>): void {
  const reseal = async (
    database: Database,
    all: readonly UserKeyReseal[],
    { milliseconds = 10_000, fence = testFence }: { milliseconds?: number; fence?: RingFence } = {},
  ): Promise<unknown> => {
    await ensureManifest(database);
    const { clock } = await database.read(({ userKeys }) => userKeys.look([newId()], 0));
    return database.write(({ userKeys }) => userKeys.reseal(all, clock + milliseconds, fence));
  };
  const one = (id: UserId, expected: string, value = 'kc2.1.new'): UserKeyReseal => ({
    key: { id, value, dataKeyId: 1 },
    expected,
  });
  const rowOf = async (id: UserId): Promise<Record<string, unknown> | undefined> => {
    const text = (column: string): string => suite.place.text(column);
    const dates = ['CreationDate', 'RevisionDate', 'LastAccessDate'].map((name) => `${text(`"${name}"`)} AS "${name}"`);
    const rows = await suite.place.sql<{ id: string }>(
      `SELECT lower(${text('"Id"')}) AS "id", "Key", "DataKeyId", ${dates.join(', ')} FROM "UserKeys"`,
    );
    return rows.find((row) => row.id === id);
  };
  const withDataKey = async (): Promise<Database> => {
    const database = await suite.open();
    await suite.place.sql(`INSERT INTO "DataKeys" ("Id", "CreationDate") VALUES (1, '2026-01-01 00:00:00')`);
    return database;
  };

  test('a key that is sealed anew changes value and data key, and no date', async () => {
    const database = await withDataKey();
    const [id, other] = [newId(), newId()];
    for (const member of [id, other]) await put(database, member, `a'b"c\\d?e$1f%`);
    await put(database, id, `a'b"c\\d?e$1f%g`);
    const before = await rowOf(id);
    expect(before?.['RevisionDate']).not.toBeNull();
    expect(await reseal(database, [one(id, `a'b"c\\d?e$1f%g`)])).toEqual(new Set([id]));
    expect(await rowOf(id)).toEqual({ ...before, Key: 'kc2.1.new', DataKeyId: 1 });
    expect(await rowOf(other)).toMatchObject({ Key: `a'b"c\\d?e$1f%`, DataKeyId: null });
    expect(await suite.place.sql('SELECT * FROM "UserKeyHistory"')).toEqual([]);
  });

  test('sealing anew never replaces a newer value, nor one in other case, and brings no row back', async () => {
    const database = await withDataKey();
    const [newer, cased, gone] = [newId(), newId(), newId()];
    await put(database, newer, 'newer');
    await put(database, cased, 'Value');
    const all = [one(newer, 'old'), one(cased, 'value'), one(gone, 'old')];
    expect(await reseal(database, all)).toEqual(new Set());
    expect(await rowOf(newer)).toMatchObject({ Key: 'newer' });
    expect(await rowOf(cased)).toMatchObject({ Key: 'Value' });
    expect(await rowOf(gone)).toBeUndefined();
  });

  test('sealing anew writes nothing under another manifest, or behind its deadline', async () => {
    const database = await withDataKey();
    const id = newId();
    await put(database, id, 'old');
    const fence = { ...testFence, version: 2 };
    expect(await reseal(database, [one(id, 'old')], { fence })).toBe('fenced');
    expect(await reseal(database, [one(id, 'old')], { milliseconds: -1_000 })).toBe('late');
    expect(await rowOf(id)).toMatchObject({ Key: 'old' });
  });
}
