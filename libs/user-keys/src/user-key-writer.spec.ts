import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { parseUserId, type UserId } from '@key-connector/common';
import { DatabaseUnavailable, type Database, type StoredUserKey } from '@key-connector/database';
import { UserKeyWriter } from './user-key-writer.js';

const id = (n: number): UserId => {
  const parsed = parseUserId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
  if (parsed === undefined) throw new Error('no GUID');
  return parsed;
};
const key = (n: number, value: string): StoredUserKey => ({ id: id(n), value, dataKeyId: 1 });

/** A table in memory whose statements end when the test says so. */
class SlowTable {
  readonly rows = new Map<UserId, string>();
  readonly statements: { keys: readonly StoredUserKey[]; end: (error?: Error) => void }[] = [];

  readonly database = {
    description: 'a slow table',
    acquireTimeout: 5000,
    maxPuts: 3,
    write: (work: (session: unknown) => Promise<void>) =>
      work({ userKeys: { put: (keys: readonly StoredUserKey[]) => this.put(keys) } }),
  } as unknown as Database;

  private put(keys: readonly StoredUserKey[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.statements.push({
        keys,
        end: (error) => {
          if (error) reject(error);
          else {
            for (const one of keys) this.rows.set(one.id, one.value);
            resolve();
          }
        },
      });
    });
  }
}

describe('writes', () => {
  let table: SlowTable;
  let writer: UserKeyWriter;

  beforeEach(() => {
    table = new SlowTable();
    writer = new UserKeyWriter(table.database);
  });

  test('that arrive together share one statement, in the order of the ids, and none is done before it is', async () => {
    const done: number[] = [];
    const writes = [3, 1, 2].map((n) => writer.put(key(n, `v${n}`)).then(() => done.push(n)));
    await nextTurn();
    expect(table.statements.map(({ keys }) => keys.map((one) => one.id))).toEqual([[id(1), id(2), id(3)]]);
    await nextTurn();
    expect(done).toEqual([]);
    table.statements[0]?.end();
    await Promise.all(writes);
    expect(table.rows.size).toBe(3);
  });

  test('of one member end with the last that arrived, and hold no member twice', async () => {
    const writes = ['old', 'new'].map((value) => writer.put(key(1, value)));
    await nextTurn();
    expect(table.statements[0]?.keys).toEqual([key(1, 'new')]);
    table.statements[0]?.end();
    await Promise.all(writes);
  });

  test('never stand in a statement with more than the database takes at once', async () => {
    void [1, 2, 3, 4].map((n) => writer.put(key(n, 'v')));
    await nextTurn();
    expect(table.statements.map(({ keys }) => keys.length)).toEqual([3, 1]);
  });

  test('fail together when the database is away, and are not sent again', async () => {
    const writes = Promise.allSettled([1, 2].map((n) => writer.put(key(n, 'v'))));
    await nextTurn();
    table.statements[0]?.end(new DatabaseUnavailable('away'));
    expect((await writes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(table.statements).toHaveLength(1);
  });

  test('do not fail by a row of another member that the database refuses', async () => {
    const refused = new Error('violates a constraint');
    const writes = Promise.allSettled([1, 2].map((n) => writer.put(key(n, 'v'))));
    await nextTurn();
    table.statements[0]?.end(refused);
    await nextTurn();
    table.statements[1]?.end(refused);
    await nextTurn();
    table.statements[2]?.end();
    expect(await writes).toEqual([
      { status: 'rejected', reason: refused },
      { status: 'fulfilled', value: undefined },
    ]);
    expect([...table.rows.keys()]).toEqual([id(2)]);
  });

  test('that come while two statements run wait for one to end, and then share one', async () => {
    const writes = [writer.put(key(1, 'v'))];
    await nextTurn();
    writes.push(writer.put(key(2, 'v')));
    await nextTurn();
    writes.push(writer.put(key(3, 'v')), writer.put(key(4, 'v')));
    await nextTurn();
    expect(table.statements).toHaveLength(2);
    table.statements[0]?.end();
    await nextTurn();
    expect(table.statements[2]?.keys.map((one) => one.id)).toEqual([id(3), id(4)]);
    table.statements[1]?.end();
    table.statements[2]?.end();
    await Promise.all(writes);
  });
});
