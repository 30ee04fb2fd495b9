import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { DatabaseUnavailable, fromUtcText, SchemaNewer, UserKey, type Database } from '@key-connector/database';
import type { UserId } from '@key-connector/common';
import { fencedSwaps } from './fenced-swaps.js';
import { lateSwaps } from './late-swaps.js';
import { reseals } from './reseals.js';
import { insert, newId, put, store, useDatabases, userId } from './open-database.js';
import { describeIf } from '../lab/skip/skip.js';
import { postgresDatabases, testKinds, type TestKind } from './test-database.js';

const kinds: readonly TestKind[] = [
  ...testKinds,
  { name: 'PostgreSQL 15', here: true, reason: '', start: () => postgresDatabases({ major: 15 }) },
];

const at = (text: string): Date => new Date(`${text}Z`);

interface Dates {
  CreationDate: string;
  RevisionDate: string | null;
  LastAccessDate: string | null;
}

for (const kind of kinds) {
  describeIf(kind.here, kind.reason, `storage in ${kind.name}`, () => {
    storageSuite(kind);
  });
}

function storageSuite(kind: TestKind): void {
  const suite = useDatabases(kind.start);
  const { open } = suite;

  const dates = async (id: UserId): Promise<Dates | undefined> => {
    const text = (column: string): string => `${suite.place.text(`"${column}"`)} AS "${column}"`;
    const columns = ['CreationDate', 'RevisionDate', 'LastAccessDate'].map(text).join(', ');
    const rows = await suite.place.sql<Dates>(
      `SELECT ${columns} FROM "UserKeys" WHERE lower(${suite.place.text('"Id"')}) = '${id}'`,
    );
    return rows[0];
  };

  test('a key that was stored is read back with its data key', async () => {
    const database = await open();
    await suite.place.sql(`INSERT INTO "DataKeys" ("Id", "CreationDate") VALUES (1, '2026-01-01 00:00:00')`);
    const [one, two, none] = [newId(), newId(), newId()];
    await store(database, [{ id: one, value: 'v1', dataKeyId: 1 }]);
    await insert(database, { id: two, value: 'v2', dataKeyId: null });
    const found = await database.read(({ userKeys }) => userKeys.find([one, two, none, one]));
    expect(new Map(found.map((row) => [row.id, row]))).toEqual(
      new Map([
        [one, { id: one, value: 'v1', dataKeyId: 1 }],
        [two, { id: two, value: 'v2', dataKeyId: null }],
      ]),
    );
  });

  test('keys of several members, new and old, are put at once, and all or none of them', async () => {
    const database = await open();
    const ids = Array.from({ length: database.maxSwaps > 1 ? 100 : 1 }, newId).sort();
    const putAll = (value: string, dataKeyId: number | null): Promise<void> =>
      store(
        database,
        ids.map((id) => ({ id, value, dataKeyId })),
      );
    const values = async (): Promise<Set<string>> =>
      new Set((await database.read(({ userKeys }) => userKeys.find(ids))).map(({ value }) => value));
    await put(database, ids[0] ?? newId(), 'v0');
    await putAll('v1', null);
    expect(await values()).toEqual(new Set(['v1']));
    // There is no data key 99, so the database refuses the rows.
    await expect(putAll('v2', 99)).rejects.toThrow();
    expect(await values()).toEqual(new Set(['v1']));
  });

  test('the first store dates the creation, a replacement dates the revision and keeps the rest', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'old', at('2026-01-02T03:04:05.678'));
    expect(await dates(id)).toMatchObject({ RevisionDate: null, LastAccessDate: null });
    await database.write(({ userKeys }) => userKeys.touch([id], { at: at('2026-01-02T04:00:00'), resolution: 0 }));
    await put(database, id, 'new', at('2026-07-08T09:10:11.120'));
    const row = await dates(id);
    expect(fromUtcText(row?.CreationDate ?? '')).toEqual(at('2026-01-02T03:04:05.678'));
    expect(fromUtcText(row?.RevisionDate ?? '')).toEqual(at('2026-07-08T09:10:11.120'));
    expect(fromUtcText(row?.LastAccessDate ?? '')).toEqual(at('2026-01-02T04:00:00'));
    expect(await database.read(({ userKeys }) => userKeys.find([id]))).toEqual([{ id, value: 'new', dataKeyId: null }]);
  });

  test('of 100 inserts at once one wins, and none overwrites', async () => {
    const replicas = await Promise.all([open(), open()]);
    const id = newId();
    const wins = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const database = index % 2 === 0 ? replicas[0] : replicas[1];
        const key = { id, value: `v${index}`, dataKeyId: null };
        return (await insert(database, key)) ? key.value : undefined;
      }),
    );
    const winners = wins.filter((value) => value !== undefined);
    expect(winners).toHaveLength(1);
    const rows = await suite.place.sql<{ Key: string }>('SELECT "Key" FROM "UserKeys"');
    expect(rows).toEqual([{ Key: winners[0] }]);
  });

  // Each round of theirs lets one through: a hundred would take six times as long, and meet no more than these.
  test('of 40 puts of one new member at once none fails, and one of them is stored whole', async () => {
    const replicas = await Promise.all([open(), open()]);
    await suite.place.sql(`INSERT INTO "DataKeys" ("Id", "CreationDate") VALUES (1, '2026-01-01 00:00:00')`);
    const id = newId();
    const keys = Array.from({ length: 40 }, (_, index) => ({
      id,
      value: index % 3 === 0 ? `classic ${index}` : `bound ${index}`,
      dataKeyId: index % 3 === 0 ? null : 1,
    }));
    await Promise.all(
      keys.map((key, index) => {
        const database = index % 2 === 0 ? replicas[0] : replicas[1];
        return store(database, [key]);
      }),
    );
    const [stored, ...more] = await replicas[0].read(({ userKeys }) => userKeys.find([id]));
    expect(more).toEqual([]);
    expect(keys).toContainEqual(stored);
  });

  test('an access date moves forward and never back', async () => {
    const database = await open();
    const [one, two] = [newId(), newId()];
    for (const id of [one, two]) {
      await put(database, id, 'v');
    }
    const touch = (ids: readonly UserId[], time: Date): Promise<void> =>
      database.write(({ userKeys }) => userKeys.touch(ids, { at: time, resolution: 0 }));
    await touch([one, newId()], at('2026-05-05T05:05:05.500'));
    await touch([one, two], at('2026-05-05T05:05:04.000'));
    expect(fromUtcText((await dates(one))?.LastAccessDate ?? '')).toEqual(at('2026-05-05T05:05:05.500'));
    expect(fromUtcText((await dates(two))?.LastAccessDate ?? '')).toEqual(at('2026-05-05T05:05:04.000'));
  });

  test('an access date stands while it is younger than the resolution, and at most an hour ahead', async () => {
    const database = await open();
    const access = { at: at('2026-05-05T05:05:05.000'), resolution: 60_000 };
    const stored: readonly (readonly [date: string | null, stands: boolean])[] = [
      [null, false],
      ['2026-05-05 05:04:04.999', false],
      ['2026-05-05 05:04:05.001', true],
      ['2026-05-05 05:05:05.000', true],
      ['2026-05-05 06:05:04.999', true],
      ['2026-05-05 06:05:05.001', false],
      ['2099-01-01 00:00:00.000', false],
    ];
    const rows = stored.map(([date, stands]) => ({ id: newId(), date, stands }));
    for (const { id, date } of rows) {
      await put(database, id, 'v');
      if (date === null) continue;
      const where = `lower(${suite.place.text('"Id"')}) = '${id}'`;
      await suite.place.sql(`UPDATE "UserKeys" SET "LastAccessDate" = '${date}' WHERE ${where}`);
    }
    const ids = rows.map(({ id }) => id);
    const standing = async (): Promise<Map<UserId, boolean | undefined>> => {
      const found = await database.read(({ userKeys }) => userKeys.find(ids, access));
      return new Map(found.map(({ id, dateStands }) => [id, dateStands]));
    };
    expect(await standing()).toEqual(new Map(rows.map(({ id, stands }) => [id, stands])));

    await database.write(({ userKeys }) => userKeys.touch(ids, access));
    for (const { id, date, stands } of rows) {
      const expected = stands && date !== null ? fromUtcText(date) : access.at;
      expect(fromUtcText((await dates(id))?.LastAccessDate ?? '')).toEqual(expected);
    }
    expect(await standing()).toEqual(new Map(ids.map((id) => [id, true])));
  });

  test('replicas that touch the same members at once never deadlock and keep the newest date', async () => {
    if (kind.name.startsWith('PostgreSQL')) {
      // Plans that meet the rows in the order of the statement's list, as on a big table.
      const [{ name } = { name: '' }] = await suite.place.sql<{ name: string }>('SELECT current_database() AS name');
      for (const plan of ['hashjoin', 'mergejoin', 'seqscan']) {
        await suite.place.sql(`ALTER DATABASE ${name} SET enable_${plan} = off`);
      }
    }
    const replicas = await Promise.all([open(), open(), open(), open()]);
    const ids = Array.from({ length: 300 }, newId);
    const [first] = replicas;
    for (const id of ids) await put(first, id, 'v');
    const newest = at('2026-05-05T05:05:05');
    let sent = 0;
    await Promise.all(
      replicas.flatMap((database, replica) =>
        Array.from({ length: 5 }, (_, round) => {
          const shuffled = ids.toSorted(() => Math.random() - 0.5);
          const time = new Date(newest.getTime() - (replica * 5 + round) * 1000);
          return database.write(({ userKeys }) => {
            sent += 1;
            return userKeys.touch(shuffled, { at: time, resolution: 0 });
          });
        }),
      ),
    );
    // A deadlock's victim is sent again. SQL Server promises no order of locks.
    expect(kind.name === 'SQL Server' || sent === 20).toBe(true);
    const rows = await suite.place.sql<{ at: string }>(
      `SELECT DISTINCT ${suite.place.text('"LastAccessDate"')} AS "at" FROM "UserKeys"`,
    );
    expect(rows.map((row) => fromUtcText(row.at))).toEqual([newest]);
  });

  test('the lock admits one holder at a time, across replicas and within one', async () => {
    const replicas = await Promise.all([open(), open()]);
    let holders = 0;
    let most = 0;
    const hold = (database: Database): Promise<void> =>
      database.lock(async (manager) => {
        most = Math.max(most, (holders += 1));
        await manager.query('SELECT 1');
        await new Promise((resolve) => setTimeout(resolve, 10));
        holders -= 1;
      });
    await Promise.all(replicas.flatMap((database) => [hold(database), hold(database), hold(database)]));
    expect(most).toBe(1);
  });

  test('work under the lock that fails leaves nothing behind, and other writes of the process stay', async () => {
    const database = await open();
    const [inside, outside] = [newId(), newId()];
    const failing = database.lock(async (manager) => {
      await manager.insert(UserKey, { id: inside, value: 'v', creationDate: new Date() });
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new Error('stop');
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const write = put(database, outside, 'v');
    await expect(failing).rejects.toThrow('stop');
    await write;
    const found = await database.read(({ userKeys }) => userKeys.find([inside, outside]));
    expect(found.map(({ id }) => id)).toEqual([outside]);
  });

  test('the entity reads and writes the same times as the statements', async () => {
    const database = await open();
    const id = newId();
    const created = at('2026-03-04T05:06:07.089');
    await put(database, id, 'v', created);
    const row = await database.lock((manager) => manager.find(UserKey, { order: { creationDate: 'DESC' }, take: 8 }));
    expect(row).toMatchObject([{ value: 'v', creationDate: created, revisionDate: null, lastAccessDate: null }]);
  });

  test('ten replicas that start at once on an empty database migrate it once', async () => {
    const replicas = await Promise.all(Array.from({ length: 10 }, () => open()));
    await Promise.all(replicas.map((database) => database.ping()));
    const rows = await suite.place.sql<{ name: string }>('SELECT "name" FROM "KeyConnectorMigrations" ORDER BY "id"');
    expect(rows.map(({ name }) => name)).toEqual([
      'ClassicTables1760000000001',
      'DataKeys1760000000002',
      'RingManifests1760000000003',
    ]);
  });

  test('a database that a newer version migrated is refused by name', async () => {
    await open();
    await suite.place.sql(`INSERT INTO "KeyConnectorMigrations" ("timestamp", "name") VALUES (9, 'FromTheFuture9')`);
    await expect(open()).rejects.toThrow(SchemaNewer);
    await expect(open()).rejects.toThrow(/FromTheFuture9/);
  });

  test('a ping says what fails reads: a database whose table is lost is not ready', async () => {
    const database = await open();
    await database.ping();
    await suite.place.sql('DROP TABLE "UserKeys"');
    const other = await open({ migrate: 'false' });
    await expect(other.read(({ userKeys }) => userKeys.find([newId()]))).rejects.toThrow(DatabaseUnavailable);
    await expect(other.ping()).rejects.toThrow(DatabaseUnavailable);
  });

  test('with migrate off, pending migrations are named and nothing is changed', async () => {
    await expect(open({ migrate: 'false' })).rejects.toThrow(/lacks the migrations ClassicTables.*, DataKeys/);
    expect(await suite.place.tables()).toEqual([]);
    await open();
    await expect(open({ migrate: 'false' })).resolves.toBeDefined();
  });

  test('a classic database is adopted with every row untouched, and goes on with classic SQL', async () => {
    await suite.place.loadClassic();
    const times = ['"CreationDate"', '"RevisionDate"', '"LastAccessDate"'].map((column) => suite.place.text(column));
    const all = `SELECT "Id", "Key", ${times.map((time, n) => `${time} AS t${n}`).join(', ')} FROM "UserKeys" ORDER BY "Id"`;
    const before = await suite.place.sql(all);
    const database = await open();
    expect(await suite.place.sql(all)).toEqual(before);
    expect(await suite.place.sql('SELECT count(*) AS n FROM "__EFMigrationsHistory"')).toMatchObject([
      { n: expect.anything() },
    ]);

    const fixture = await readFile(new URL('../fixtures/classic/expected.json', import.meta.url), 'utf8');
    const expected = JSON.parse(fixture) as { users: Record<string, unknown> };
    const ids = Object.keys(expected.users).map(userId);
    const found = await database.read(({ userKeys }) => userKeys.find(ids));
    expect(found.map(({ id }) => id).sort()).toEqual(ids.toSorted());
    expect(found.every(({ dataKeyId }) => dataKeyId === null)).toBe(true);

    const id = newId().toUpperCase();
    await suite.place.sql(
      `INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES ('${id}', 'c', '2026-01-01 00:00:00')`,
    );
    await suite.place.sql(
      `UPDATE "UserKeys" SET "Key" = 'd', "RevisionDate" = '2026-01-02 00:00:00' WHERE "Id" = '${id}'`,
    );
    const [row] = await database.read(({ userKeys }) => userKeys.find([userId(id)]));
    expect(row).toEqual({ id: id.toLowerCase(), value: 'd', dataKeyId: null });
  });

  test('the database itself refuses to drop a data key that a row needs', async () => {
    const database = await open();
    await suite.place.sql(`INSERT INTO "DataKeys" ("Id", "CreationDate") VALUES (1, '2026-01-01 00:00:00')`);
    await store(database, [{ id: newId(), value: 'v', dataKeyId: 1 }]);
    await expect(suite.place.sql('DELETE FROM "DataKeys"')).rejects.toThrow(
      /foreign key|restrict|reference constraint/i,
    );
  });

  lateSwaps(kind.name, suite);

  fencedSwaps(kind.name, suite);

  reseals(suite);
}
