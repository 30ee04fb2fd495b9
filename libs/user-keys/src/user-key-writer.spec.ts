import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { parseUserId, type UserId } from '@key-connector/common';
import {
  DatabaseRowLocked,
  DatabaseUnavailable,
  type Database,
  type HistoryCause,
  type KeptUserKey,
  type RingFence,
  type SeenUserKey,
  type UserKeySwap,
} from '@key-connector/database';
import { type KeyRing, RingUnusable, type Sealer } from '@key-connector/key-ring';
import type { KeptKeys } from './kept-keys.js';
import type { ReplaceGuard } from './replace-guard.js';
import { type Stored, type UserKeyWrite, UserKeyWriter } from './user-key-writer.js';
import { UserKeyAlreadyStored, UserKeyStoredRecently } from './user-keys.errors.js';

const id = (n: number): UserId => {
  const parsed = parseUserId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
  if (parsed === undefined) throw new Error('no GUID');
  return parsed;
};
/** What a statement answers: `lost` for one that is committed, and whose answer does not come. */
type Outcome = 'late' | 'fenced' | 'lost' | Error | undefined;

/** A table in memory whose swaps end when the test says so. */
class SlowTable {
  readonly rows = new Map<UserId, string>();
  readonly statements: {
    swaps: readonly UserKeySwap[];
    fence: RingFence;
    end: (outcome?: Outcome) => void;
  }[] = [];
  looks = 0;

  readonly database = {
    description: 'a slow table',
    acquireTimeout: 5000,
    statementTimeout: 10_000,
    maxSwaps: 3,
    read: (work: (session: unknown) => Promise<unknown>) =>
      work({ userKeys: { look: (ids: readonly UserId[]) => this.look(ids) } }),
    write: (work: (session: unknown) => Promise<unknown>) =>
      work({
        userKeys: {
          swap: (swaps: readonly UserKeySwap[], _: unknown, fence: RingFence) => this.swap(swaps, fence),
        },
      }),
  } as unknown as Database;

  /** Lets the statement of this number end, once it is there. */
  async end(number: number, outcome?: Outcome): Promise<void> {
    while (this.statements[number] === undefined) await nextTurn();
    this.statements[number].end(outcome);
  }

  private look(ids: readonly UserId[]): Promise<{ clock: number; rows: SeenUserKey[] }> {
    this.looks += 1;
    const rows = ids.flatMap((one) => {
      const value = this.rows.get(one);
      return value === undefined ? [] : [{ id: one, value, dataKeyId: 1, young: true, since: 0, kept: 0 }];
    });
    return Promise.resolve({ clock: 0, rows });
  }

  private swap(swaps: readonly UserKeySwap[], fence: RingFence): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.statements.push({
        swaps,
        fence,
        end: (outcome) => {
          if (outcome === 'lost') for (const swap of swaps) this.swapOne(swap);
          if (outcome instanceof Error) reject(outcome);
          else if (outcome === 'lost') reject(new Error('the answer was lost'));
          else if (outcome !== undefined) resolve(outcome);
          else resolve(new Set(swaps.flatMap((swap) => this.swapOne(swap))));
        },
      });
    });
  }

  private swapOne({ key: { id: one, value }, expected }: UserKeySwap): UserId[] {
    if (this.rows.get(one) !== expected) return [];
    this.rows.set(one, value);
    return [one];
  }
}

/** A sealed value that can be read: under the first manifest, it is the key itself. */
const sealedAs = (key: string, version: number): string => (version === 1 ? key : `${key} under ${version}`);

describe('writes', () => {
  let table: SlowTable;
  let writer: UserKeyWriter;
  /** Values that the guard keeps. */
  let young: Set<string>;
  /** The version of the ring's manifest that this replica knows, and the one that it finds when it looks. */
  let version: number;
  let newest: number;

  const ring = {
    sealer: (): Sealer => ({
      fence: { version, signature: `of ${version}`, passedOver: [] },
      seal: (one, key) => ({ id: one, value: sealedAs(Buffer.from(key).toString(), version), dataKeyId: 1 }),
    }),
    refresh: () => Promise.resolve(void (version = newest)),
  };
  const kept = {
    of: ({ dataKeyId }: SeenUserKey, cause: HistoryCause): Promise<KeptUserKey> =>
      Promise.resolve({ dataKeyId, since: 0, cause, expendable: [] }),
  };
  const refuse = (): Error => new UserKeyStoredRecently();
  const writerWith = (judge: ReplaceGuard['judge']): UserKeyWriter => {
    const guard = { minutes: 15, judge, refuse };
    return new UserKeyWriter(
      table.database,
      ring as unknown as KeyRing,
      guard as unknown as ReplaceGuard,
      kept as unknown as KeptKeys,
    );
  };
  const store = (n: number, value: string, kind: UserKeyWrite['kind'] = 'put'): Promise<Stored> =>
    writer.store({ id: id(n), key: Buffer.from(value), kind });
  /** What each statement brings, and which values it expects. */
  const sent = (): unknown =>
    table.statements.map(({ swaps }) => swaps.map(({ key: { value }, expected }) => [value, expected]));

  beforeEach(() => {
    table = new SlowTable();
    young = new Set();
    [version, newest] = [1, 1];
    writer = writerWith(({ value }, key) =>
      Promise.resolve(value === Buffer.from(key).toString() ? 'same' : young.has(value) ? 'young' : 'other'),
    );
  });

  test('that arrive together share one statement, in the order of the ids, and none is done before it is', async () => {
    const done: number[] = [];
    const writes = [3, 1, 2].map((n) => store(n, `v${n}`, n === 2 ? 'first' : 'put').then(() => done.push(n)));
    await nextTurn();
    expect(table.statements.map(({ swaps }) => swaps.map((one) => one.key.id))).toEqual([[id(1), id(2), id(3)]]);
    await nextTurn();
    expect(done).toEqual([]);
    await table.end(0);
    await Promise.all(writes);
    expect(table.rows.size).toBe(3);
  });

  test('of one member are done one after the other, and the later one sees what the earlier one stored', async () => {
    const writes = ['old', 'new'].map((value) => store(1, value));
    await table.end(0);
    await table.end(1);
    await Promise.all(writes);
    expect(sent()).toEqual([[['old', undefined]], [['new', 'old']]]);
  });

  test('never stand in a statement with more than the database takes at once', async () => {
    void [1, 2, 3, 4].map((n) => store(n, 'v'));
    await nextTurn();
    expect(table.statements.map(({ swaps }) => swaps.length)).toEqual([3, 1]);
  });

  test('fail together when the database is away, and are not sent again', async () => {
    const writes = Promise.allSettled([1, 2].map((n) => store(n, 'v')));
    await table.end(0, new DatabaseUnavailable('away'));
    expect((await writes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(table.statements).toHaveLength(1);
  });

  test('that are committed are acknowledged, though the database goes away before the others are', async () => {
    table.rows.set(id(2), 'old');
    const writes = Promise.allSettled([1, 2].map((n) => store(n, `v${n}`)));
    await nextTurn();
    table.rows.set(id(2), 'changed meanwhile');
    await table.end(0);
    await table.end(1, new DatabaseUnavailable('away'));
    expect((await writes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('that are refused hear so, though the database goes away before the others are done', async () => {
    table.rows.set(id(1), 'there');
    const writes = Promise.allSettled([store(1, 'v', 'first'), store(2, 'v')]);
    await table.end(0, new DatabaseUnavailable('away'));
    expect(await writes).toEqual([
      { status: 'rejected', reason: expect.any(UserKeyAlreadyStored) },
      { status: 'rejected', reason: expect.any(DatabaseUnavailable) },
    ]);
  });

  test('do not fail by a row of another member that the database refuses', async () => {
    const refused = new Error('violates a constraint');
    const writes = Promise.allSettled([1, 2].map((n) => store(n, 'v')));
    await table.end(0, refused);
    await table.end(1, refused);
    await table.end(2);
    expect(await writes).toEqual([
      { status: 'rejected', reason: refused },
      { status: 'fulfilled', value: 'stored' },
    ]);
    expect([...table.rows.keys()]).toEqual([id(2)]);
  });

  test('do not fail by a lock on a row of another member: each is done by itself, and the locked one alone is refused', async () => {
    const locked = new DatabaseRowLocked('held by another session');
    const writes = Promise.allSettled([1, 2, 3].map((n) => store(n, 'v')));
    await table.end(0, locked);
    await table.end(1, locked);
    await table.end(2);
    await table.end(3);
    expect(await writes).toEqual([
      { status: 'rejected', reason: locked },
      { status: 'fulfilled', value: 'stored' },
      { status: 'fulfilled', value: 'stored' },
    ]);
    expect([...table.rows.keys()]).toEqual([id(2), id(3)]);
  });

  test('are judged together: one that waits for a look at the data keys lets the others do so', async () => {
    for (const n of [1, 2, 3]) table.rows.set(id(n), 'old');
    const judged: ((relation: 'other') => void)[] = [];
    writer = writerWith(
      () =>
        new Promise((resolve) => {
          judged.push(resolve);
        }),
    );
    const writes = [1, 2, 3].map((n) => store(n, 'new'));
    while (judged.length === 0) await nextTurn();
    await nextTurn();
    expect(judged).toHaveLength(3);
    for (const admit of judged.toReversed()) admit('other');
    await table.end(0);
    await Promise.all(writes);
    // Locked in the order of their ids all the same.
    expect(table.statements[0]?.swaps.map((one) => one.key.id)).toEqual([id(1), id(2), id(3)]);
  });

  test('that come while two statements run wait for one to end, and then share one', async () => {
    const writes = [store(1, 'v')];
    await nextTurn();
    writes.push(store(2, 'v'));
    await nextTurn();
    writes.push(store(3, 'v'), store(4, 'v'));
    await nextTurn();
    expect(table.statements).toHaveLength(2);
    await table.end(0);
    await table.end(2);
    expect(table.statements[2]?.swaps.map((one) => one.key.id)).toEqual([id(3), id(4)]);
    await table.end(1);
    await Promise.all(writes);
  });

  test('whose row was changed meanwhile are judged again by what stands there now', async () => {
    table.rows.set(id(1), 'old');
    const replaced = store(1, 'new');
    const created = store(2, 'first', 'first');
    await nextTurn();
    table.rows.set(id(1), 'another replica’s').set(id(2), 'another replica’s');
    const outcomes = Promise.allSettled([replaced, created]);
    await table.end(0);
    await table.end(1);
    expect(await outcomes).toEqual([
      { status: 'fulfilled', value: 'replaced' },
      { status: 'rejected', reason: expect.any(UserKeyAlreadyStored) },
    ]);
    expect(sent()).toEqual([
      [
        ['new', 'old'],
        ['first', undefined],
      ],
      [['new', 'another replica’s']],
    ]);
    expect(table.rows.get(id(2))).toBe('another replica’s');
  });

  test('whose row changes without end are given up', async () => {
    const loser = store(1, 'v').catch((error: unknown) => error);
    for (let round = 0; round < 10; round += 1) {
      while (table.statements[round] === undefined) await nextTurn();
      table.rows.set(id(1), `${round}`);
      await table.end(round);
    }
    expect(String(await loser)).toMatch(/10 tries to write were overtaken.*Nothing was changed/);
    expect(table.statements).toHaveLength(10);
  });

  test('that were late by the server’s clock are tried again, while there is time by ours', async () => {
    const written = store(1, 'v');
    await table.end(0, 'late');
    await table.end(1);
    await written;
    expect(table.looks).toBe(2);
  });

  test('are done where the row holds them already: their commit’s answer was lost', async () => {
    const writes = [store(1, 'v', 'first'), store(2, 'w')];
    await table.end(0, 'lost');
    await Promise.all(writes);
    expect(table.statements).toHaveLength(1);
  });

  test('that a fence refuses are sealed under the manifest that is found then, and tried once more', async () => {
    newest = 2;
    const writes = Promise.all([store(1, 'v'), store(2, 'w', 'first')]);
    await table.end(0, 'fenced');
    await table.end(1);
    expect(await writes).toEqual(['stored', 'stored']);
    expect(table.statements.map(({ fence }) => fence.version)).toEqual([1, 2]);
    expect([...table.rows.values()]).toEqual(['v under 2', 'w under 2']);
  });

  test('that a fence refuses twice are refused, and change nothing', async () => {
    const writes = Promise.allSettled([store(1, 'v'), store(2, 'w', 'first')]);
    await table.end(0, 'fenced');
    await table.end(1, 'fenced');
    const refused = { status: 'rejected', reason: expect.any(RingUnusable) };
    expect(await writes).toEqual([refused, refused]);
    expect(table.statements).toHaveLength(2);
    expect(table.rows.size).toBe(0);
  });

  test('keep another key that they replace, and nothing of the same one', async () => {
    for (const n of [1, 2, 3]) table.rows.set(id(n), 'good');
    const writes = Promise.all([store(1, 'good'), store(2, 'other'), store(3, 'back', 'restore'), store(4, 'first')]);
    await table.end(0);
    await table.end(1);
    expect(await writes).toEqual(['stored', 'replaced', 'replaced', 'stored']);
    const causes = table.statements.flatMap(({ swaps }) => swaps.map((one) => [one.key.id, one.kept?.cause]));
    expect(new Map(causes as [UserId, string][])).toEqual(
      new Map([
        [id(1), undefined],
        [id(2), 'replaced'],
        [id(3), 'restored'],
        [id(4), undefined],
      ]),
    );
  });

  test('that the guard does not admit change nothing, and leave the others alone', async () => {
    table.rows.set(id(1), 'good').set(id(2), 'old');
    young.add('good');
    const outcomes = Promise.allSettled([store(1, 'other'), store(2, 'new')]);
    await table.end(0);
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: expect.any(UserKeyStoredRecently) },
      { status: 'fulfilled', value: 'replaced' },
    ]);
    expect([...table.rows.values()]).toEqual(['good', 'new']);
  });
});
