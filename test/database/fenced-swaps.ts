import { expect, test } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import {
  type Database,
  fenceHolds,
  type KeptUserKey,
  type ManifestVersion,
  type RingFence,
  type UserKeySwap,
} from '@key-connector/database';
import { type DatabaseSuite, ensureManifest, newId, put, testFence } from './open-database.js';
import type { TestDatabases } from './test-database.js';

/** What a swap writes under which manifest, and what it keeps: tests for the suite of each kind of database. */
export function fencedSwaps(name: string, suite: DatabaseSuite<TestDatabases>): void {
  const swap = async (database: Database, one: UserKeySwap, fence: RingFence = testFence): Promise<unknown> => {
    const { clock } = await database.read(({ userKeys }) => userKeys.look([one.key.id], 0));
    return database.write(({ userKeys }) => userKeys.swap([one], { at: clock, deadline: clock + 10_000 }, fence));
  };
  const valueOf = async (database: Database, id: UserId): Promise<string | undefined> =>
    (await database.read(({ userKeys }) => userKeys.find([id])))[0]?.value;
  const plant = ({ version, signature }: ManifestVersion): Promise<unknown> => {
    const quoted = signature.replaceAll(name.startsWith('MySQL') ? /['\\]/g : /'/g, (one) =>
      one === "'" ? "''" : '\\\\',
    );
    return suite.place.sql(
      `INSERT INTO "RingManifests" ("Version", "Document", "Signature", "CreationDate")
       VALUES (${version}, 'x', '${quoted}', '2026-01-01 00:00:00')`,
    );
  };
  const foreign = (count: number): ManifestVersion[] =>
    Array.from({ length: count }, (_, index) => ({
      version: index === 0 ? 2_147_483_647 : index + 1,
      signature: `it's "\\${index}`,
    }));
  const history = (): Promise<{ UserId: string; Key: string; DataKeyId: number | null; Cause: string }[]> => {
    const columns = `lower(${suite.place.text('"UserId"')}) AS "UserId", "Key", "DataKeyId", "Cause"`;
    return suite.place.sql(`SELECT ${columns} FROM "UserKeyHistory" ORDER BY "Id"`);
  };
  const kept = (more: Partial<KeptUserKey> = {}): KeptUserKey => ({
    dataKeyId: null,
    since: Date.parse('2026-01-02T03:04:05.678Z'),
    cause: 'replaced',
    expendable: [],
    ...more,
  });

  test.each<readonly [what: string, fence: RingFence, planted: readonly ManifestVersion[]]>([
    ['is not there', { version: 2, signature: 's', passedOver: [] }, []],
    ['has another signature', { ...testFence, signature: testFence.signature.toUpperCase() }, []],
    ['has another signature by a blank', { ...testFence, signature: `${testFence.signature} ` }, []],
    ['is followed by another one', testFence, foreign(1)],
    [
      'is followed by one that was passed over with another signature',
      { ...testFence, passedOver: foreign(1) },
      [{ version: 2_147_483_647, signature: `it's "\\0 ` }],
    ],
    [
      'is followed by one that was passed over at another version',
      { ...testFence, passedOver: foreign(1) },
      [{ version: 3, signature: foreign(1)[0]?.signature ?? '' }],
    ],
    ['is followed by more than were passed over', { ...testFence, passedOver: foreign(16) }, foreign(17)],
  ])('a swap under a manifest that %s writes nothing, over a row or beside it', async (_, fence, planted) => {
    const database = await suite.open();
    const [there, fresh] = [newId(), newId()];
    await put(database, there, 'old');
    for (const row of planted) await plant(row);
    const key = { id: there, value: 'new', dataKeyId: null };
    expect(await swap(database, { key, expected: 'old', kept: kept() }, fence)).toBe('fenced');
    expect(await swap(database, { key: { ...key, id: fresh }, expected: undefined }, fence)).toBe('fenced');
    expect([await valueOf(database, there), await valueOf(database, fresh)]).toEqual(['old', undefined]);
    expect(await history()).toEqual([]);
  });

  test('a swap passes over sixteen manifests that were judged not authentic, and older ones', async () => {
    const database = await suite.open();
    const id = newId();
    await put(database, id, 'old');
    for (const row of foreign(16)) await plant(row);
    await plant({ version: 0, signature: 'an older one' });
    const one = { key: { id, value: 'new', dataKeyId: null }, expected: 'old' };
    expect(await swap(database, one, { ...testFence, passedOver: foreign(16) })).toEqual(new Set([id]));
  });

  test('a swap keeps the value that it replaces, as it was, and nothing of a row that it does not replace', async () => {
    const database = await suite.open();
    await suite.place.sql(`INSERT INTO "DataKeys" ("Id", "CreationDate") VALUES (1, '2026-01-01 00:00:00')`);
    const [id, deleted] = [newId(), newId()];
    const old = `a'b"c\\d?e$1f%g\u00fc\u{1f511}`;
    await put(database, id, old);
    const key = { id, value: 'new', dataKeyId: 1 };
    expect(await swap(database, { key, expected: 'changed', kept: kept() })).toEqual(new Set());
    expect(await history()).toEqual([]);
    expect(await swap(database, { key, expected: old, kept: kept() })).toEqual(new Set([id]));
    const first = { UserId: id, Key: old, DataKeyId: null, Cause: 'replaced' };
    expect(await history()).toEqual([first]);
    const next = { key: { ...key, value: 'next', dataKeyId: null }, expected: 'new' };
    await swap(database, { ...next, kept: kept({ dataKeyId: 1, cause: 'restored' }) });
    expect(await history()).toEqual([first, { UserId: id, Key: 'new', DataKeyId: 1, Cause: 'restored' }]);
    // It was there when it was looked at, and is made anew, or looked at again.
    await swap(database, { key: { id: deleted, value: 'v', dataKeyId: null }, expected: 'gone', kept: kept() });
    expect(await history()).toHaveLength(2);
    // What the history needs, the database itself does not let go.
    await expect(suite.place.sql('DELETE FROM "DataKeys"')).rejects.toThrow();
  });

  test('what is kept of several members is kept of each, and makes room for itself', async () => {
    const database = await suite.open();
    await ensureManifest(database);
    const ids = Array.from({ length: database.maxSwaps > 1 ? 60 : 1 }, newId).sort();
    const replaceAll = async (before: string, after: string, expendable: readonly number[] = []): Promise<unknown> => {
      const { clock } = await database.read(({ userKeys }) => userKeys.look(ids, 0));
      const swaps = ids.map((id, index) => ({
        key: { id, value: after, dataKeyId: null },
        expected: before,
        kept: kept({ expendable: index === 0 ? expendable : [] }),
      }));
      const times = { at: clock, deadline: clock + 10_000 };
      return database.write(({ userKeys }) => userKeys.swap(swaps, times, testFence));
    };
    for (const id of ids) await put(database, id, 'a');
    expect(await replaceAll('a', 'b')).toEqual(new Set(ids));
    expect((await history()).map(({ UserId }) => UserId).sort()).toEqual(ids);
    const [oldest] = await suite.place.sql<{ Id: number | string }>('SELECT "Id" FROM "UserKeyHistory" ORDER BY "Id"');
    expect(await replaceAll('b', 'c', [Number(oldest?.Id)])).toEqual(new Set(ids));
    expect((await history()).filter(({ Key }) => Key === 'a')).toHaveLength(ids.length - 1);
    expect((await history()).filter(({ Key }) => Key === 'b')).toHaveLength(ids.length);
  });

  test('a look tells since when a member has a key, and how many are kept', async () => {
    const database = await suite.open();
    const id = newId();
    const created = new Date('2026-02-03T04:05:06.789Z');
    await put(database, id, 'a', created);
    const look = async (): Promise<unknown> => {
      const { rows } = await database.read(({ userKeys }) => userKeys.look([id], 0));
      return rows.map(({ since, kept: number }) => [Math.round((since ?? 0) / 1000), number]);
    };
    expect(await look()).toEqual([[Math.round(created.getTime() / 1000), 0]]);
    const { clock } = await database.read(({ userKeys }) => userKeys.look([id], 0));
    await swap(database, { key: { id, value: 'b', dataKeyId: null }, expected: 'a', kept: kept() });
    const [[since]] = (await look()) as [[number, number]];
    expect(since * 1000).toBeGreaterThanOrEqual(clock - 1000);
    expect(await look()).toEqual([[since, 1]]);
  });

  // SQLite has one writer at a time.
  if (!name.startsWith('SQLite'))
    test('a fence that is asked at the end of a transaction sees a manifest that came while it ran', async () => {
      const database = await suite.open();
      await ensureManifest(database);
      await database.lock(async (manager) => {
        await manager.createQueryBuilder().select('m.Version', 'version').from('RingManifests', 'm').getRawMany();
        await plant({ version: 2, signature: 'a newer one' });
        expect(await fenceHolds(manager, testFence)).toBe(false);
        const passedOver = [{ version: 2, signature: 'a newer one' }];
        expect(await fenceHolds(manager, { ...testFence, passedOver })).toBe(true);
      });
    });

  // Sessions that read nothing uncommitted.
  if (!name.startsWith('SQLite'))
    test('a swap does not wait for a manifest that is not committed, nor one for a swap', async () => {
      const database = await suite.open();
      const id = newId();
      await put(database, id, 'old');
      const adding = database.lock(async (manager) => {
        await manager.query(insertText(name));
        const swapped = swap(database, { key: { id, value: 'new', dataKeyId: null }, expected: 'old' });
        // SQL Server without READ_COMMITTED_SNAPSHOT waits, for a second at most, and says so.
        const outcome = await swapped.catch((error: unknown) => String(error));
        if (!name.includes('SQL Server')) expect(outcome).toEqual(new Set([id]));
        throw new Error('let go');
      });
      await expect(adding).rejects.toThrow('let go');
    });
}

const insertText = (name: string): string => {
  const text = `INSERT INTO "RingManifests" ("Version", "Document", "Signature", "CreationDate") VALUES (2, 'x', 's', '2026-01-01 00:00:00')`;
  return name.startsWith('MySQL')
    ? text.replaceAll('"', '`')
    : name.includes('SQL Server')
      ? text.replaceAll(/"(\w+)"/g, '[$1]')
      : text;
};
