import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parseUserId, type UserId } from '@key-connector/common';
import { type Access, DatabaseUnavailable, type Database, type FoundUserKey } from '@key-connector/database';
import type { AccessRecorder } from './access-recorder.js';
import { UserKeyReader } from './user-key-reader.js';

const id = (n: number): UserId => {
  const parsed = parseUserId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
  if (parsed === undefined) throw new Error('no GUID');
  return parsed;
};

/** A table in memory whose queries end when the test says so. */
class SlowTable {
  readonly rows = new Map<UserId, FoundUserKey>();
  readonly queries: {
    ids: readonly UserId[];
    access: Access | undefined;
    answer: () => void;
    fail: (error: Error) => void;
  }[] = [];

  readonly database = {
    description: 'a slow table',
    acquireTimeout: 5000,
    read: (work: (session: unknown) => Promise<unknown>) =>
      work({ userKeys: { find: (ids: readonly UserId[], access?: Access) => this.find(ids, access) } }),
  } as unknown as Database;

  put(n: number, value: string): void {
    this.rows.set(id(n), { id: id(n), value, dataKeyId: 1 });
  }

  private find(ids: readonly UserId[], access?: Access): Promise<FoundUserKey[]> {
    // What the database would see is what stands there when the query is sent.
    const found = ids.flatMap((one) => this.rows.get(one) ?? []);
    return new Promise((resolve, reject) => {
      this.queries.push({
        ids,
        access,
        answer: () => {
          resolve(found);
        },
        fail: reject,
      });
    });
  }
}

describe('reads', () => {
  let table: SlowTable;
  let reader: UserKeyReader;
  let access: Access | undefined;

  beforeEach(() => {
    table = new SlowTable();
    access = undefined;
    reader = new UserKeyReader(table.database, { now: () => access } as AccessRecorder);
  });

  test('that arrive together share a query behind the first, and each gets its own row', async () => {
    table.put(1, 'one');
    table.put(2, 'two');
    const reads = [1, 2, 3, 1].map((n) => reader.read(id(n)));
    expect(table.queries.map(({ ids }) => ids.length)).toEqual([1]);
    await nextTurn();
    expect(table.queries.map(({ ids }) => ids.length)).toEqual([1, 3]);
    for (const query of table.queries) query.answer();
    expect((await Promise.all(reads)).map((row) => row?.value)).toEqual(['one', 'two', undefined, 'one']);
  });

  test('ask with the rows whether access dates stand, by the time at which the query is sent', async () => {
    for (const asked of [{ at: new Date(), resolution: 60_000 }, undefined]) {
      access = asked;
      void reader.read(id(1));
      await nextTurn();
      expect(table.queries.at(-1)?.access).toBe(asked);
    }
  });

  test('wait for the next query while two are on their way, then all go in one', async () => {
    for (let n = 1; n <= 2; n += 1) {
      void reader.read(id(n));
      await nextTurn();
    }
    const late = [4, 5, 6].map((n) => reader.read(id(n)));
    await nextTurn();
    expect(table.queries).toHaveLength(2);
    table.queries[0]?.answer();
    await nextTurn();
    expect(table.queries.map(({ ids }) => ids.length)).toEqual([1, 1, 3]);
    table.queries[2]?.answer();
    await Promise.all(late);
  });

  test('that begin after a write was acknowledged see it, also while older queries run', async () => {
    table.put(1, 'old');
    const before = reader.read(id(1));
    await nextTurn();
    table.put(1, 'new');
    const after = reader.read(id(1));
    await nextTurn();
    for (const query of table.queries) query.answer();
    expect((await before)?.value).toBe('old');
    expect((await after)?.value).toBe('new');
  });

  test('of a failing query fail, and no others', async () => {
    table.put(2, 'two');
    const bad = reader.read(id(1));
    await nextTurn();
    const good = reader.read(id(2));
    await nextTurn();
    table.queries[0]?.fail(new DatabaseUnavailable('down'));
    table.queries[1]?.answer();
    await expect(bad).rejects.toThrow('down');
    expect((await good)?.value).toBe('two');
  });

  test('a crowd is split into queries of at most 500 rows', async () => {
    const reads = Array.from({ length: 1101 }, (_, n) => reader.read(id(n)));
    for (let query = 0; query < 4; query += 1) {
      await nextTurn();
      table.queries[query]?.answer();
    }
    expect(table.queries.map(({ ids }) => ids.length)).toEqual([1, 500, 500, 100]);
    await Promise.all(reads);
  });

  test('that wait too long for a stuck database are refused, and later ones are served', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      for (let n = 1; n <= 2; n += 1) {
        void reader.read(id(n));
        await nextTurn();
      }
      const stuck = reader.read(id(4)).catch((error: unknown) => error);
      await nextTurn();
      jest.advanceTimersByTime(5000);
      expect(await stuck).toBeInstanceOf(DatabaseUnavailable);
    } finally {
      jest.useRealTimers();
    }
    table.put(5, 'five');
    const later = reader.read(id(5));
    await nextTurn();
    for (const query of table.queries) query.answer();
    await sleep(5);
    table.queries.at(-1)?.answer();
    expect((await later)?.value).toBe('five');
  });
});
