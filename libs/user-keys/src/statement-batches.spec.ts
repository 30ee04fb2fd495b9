import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DatabaseRowLocked, DatabaseUnavailable } from '@key-connector/database';
import { StatementBatches } from './statement-batches.js';

const acquireTimeout = 5000;

describe('items that wait for a place among the statements', () => {
  let statements: { items: readonly number[]; end: (error?: Error) => void }[];
  let batches: StatementBatches<number, number>;
  /** How each item ended, in the order in which they did. */
  let ended: [item: number, outcome: 'done' | 'refused'][];

  const add = (item: number): void => {
    batches.add(item).then(
      () => ended.push([item, 'done']),
      (error: unknown) => ended.push([item, error instanceof DatabaseUnavailable ? 'refused' : 'done']),
    );
  };
  const run = (items: readonly number[]): Promise<readonly number[]> =>
    new Promise((resolve, reject) => {
      statements.push({
        items,
        end: (error) => {
          if (error) reject(error);
          else resolve(items);
        },
      });
    });
  /** Uses up both places. */
  const occupy = async (): Promise<void> => {
    for (const item of [-1, -2]) {
      add(item);
      await nextTurn();
    }
  };

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    statements = [];
    ended = [];
    batches = new StatementBatches({ description: 'a slow table', acquireTimeout }, 3, run, {
      of: (item) => item,
      inOrder: false,
      atOnce: false,
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('have each their own acquire timeout: one that came 1 ms before another’s deadline is not refused with it', async () => {
    await occupy();
    add(1);
    await nextTurn();
    jest.advanceTimersByTime(acquireTimeout - 1);
    add(2);
    await nextTurn();

    jest.advanceTimersByTime(1);
    await nextTurn();
    expect(ended).toEqual([[1, 'refused']]);

    jest.advanceTimersByTime(acquireTimeout - 2);
    await nextTurn();
    expect(ended).toEqual([[1, 'refused']]);
    jest.advanceTimersByTime(1);
    await nextTurn();
    expect(ended).toEqual([
      [1, 'refused'],
      [2, 'refused'],
    ]);
  });

  test('are never sent once they were refused', async () => {
    await occupy();
    add(1);
    await nextTurn();
    jest.advanceTimersByTime(acquireTimeout - 1);
    add(2);
    jest.advanceTimersByTime(1);
    await nextTurn();
    statements[0]?.end();
    await nextTurn();
    expect(statements.map(({ items }) => items)).toEqual([[-1], [-2], [2]]);
  });

  test('go on in the order in which they came, as many as a statement takes', async () => {
    await occupy();
    for (const item of [1, 2, 3, 4]) add(item);
    await nextTurn();
    statements[0]?.end();
    await nextTurn();
    statements[2]?.end();
    await nextTurn();
    expect(statements.map(({ items }) => items)).toEqual([[-1], [-2], [1, 2, 3], [4]]);
  });

  test('wait for a running statement about the same, though a place is free: the newest is carried out last', async () => {
    const keys = new StatementBatches({ description: 'a slow table', acquireTimeout }, 1, run, {
      of: (item) => item % 10,
      inOrder: true,
      atOnce: false,
    });
    const all = [1, 11, 2, 21].map((item) => keys.add(item));
    await nextTurn();
    await nextTurn();
    expect(statements.map(({ items }) => items)).toEqual([[1], [2]]);
    for (let index = 0; index < 4; index += 1) {
      statements[index]?.end();
      await nextTurn();
    }
    expect(statements.map(({ items }) => items)).toEqual([[1], [2], [11], [21]]);
    expect(await Promise.all(all)).toEqual([1, 11, 2, 21]);
  });

  describe('that may go at once', () => {
    const kind = (inOrder: boolean): StatementBatches<number, number> =>
      new StatementBatches({ description: 'a slow table', acquireTimeout }, 3, run, {
        of: (item) => item % 10,
        inOrder,
        atOnce: true,
      });

    test('do so while nothing runs; those behind share the next statement, and while two run, the one after', async () => {
      batches = kind(false);
      add(1);
      expect(statements.map(({ items }) => items)).toEqual([[1]]);
      for (const item of [2, 3]) add(item);
      expect(statements).toHaveLength(1);
      await nextTurn();
      for (const item of [4, 5]) add(item);
      await nextTurn();
      expect(statements.map(({ items }) => items)).toEqual([[1], [2, 3]]);
      statements[0]?.end();
      await nextTurn();
      expect(statements.map(({ items }) => items)).toEqual([[1], [2, 3], [4, 5]]);
      for (const statement of statements) statement.end();
      await nextTurn();
      add(6);
      expect(statements.at(-1)?.items).toEqual([6]);
    });

    test('do so once a turn, so that who is answered within it and asks again keeps nobody out', async () => {
      const embedded = new StatementBatches<number, number>(
        { description: 'an embedded table', acquireTimeout },
        3,
        (items) => Promise.resolve(items),
        { of: (item) => item, inOrder: false, atOnce: true },
      );
      let [asked, others] = [0, 0];
      setImmediate(() => (others += 1));
      while (others === 0 && asked < 1000) asked += await embedded.add(1);
      expect(asked).toBeLessThan(5);
    });

    test('wait for an older one about the same that met a lock, and overtake none', async () => {
      batches = kind(true);
      add(1);
      statements[0]?.end(new DatabaseRowLocked('locked'));
      await nextTurn();
      for (const item of [1, 11, 2]) add(item);
      await nextTurn();
      expect(statements.map(({ items }) => items)).toEqual([[1], [1], [2]]);
      statements[1]?.end();
      await nextTurn();
      expect(statements.map(({ items }) => items)).toEqual([[1], [1], [2], [11]]);
    });
  });

  describe('of which one meets a lock', () => {
    const locked = new DatabaseRowLocked('locked');
    const sent = (): unknown => statements.map(({ items }) => items);
    /** Lets 1 meet its lock in a batch, and then alone. */
    const meetLock = async (): Promise<void> => {
      for (const item of [1, 2, 3]) add(item);
      await nextTurn();
      statements[0]?.end(locked);
      await nextTurn();
      statements[1]?.end(locked);
      await nextTurn();
    };

    test('go each alone, once, and only the one whose own lock it is hears of it', async () => {
      await meetLock();
      statements[2]?.end();
      statements[3]?.end();
      await nextTurn();
      expect(sent()).toEqual([[1, 2, 3], [1], [2], [3]]);
      expect(ended).toEqual([
        [1, 'refused'],
        [2, 'done'],
        [3, 'done'],
      ]);
    });

    test('leave both places to the others, then and for some seconds after', async () => {
      await meetLock();
      statements[2]?.end();
      statements[3]?.end();
      await nextTurn();
      add(1);
      add(4);
      add(5);
      await nextTurn();
      add(6);
      await nextTurn();
      expect(sent()).toEqual([[1, 2, 3], [1], [2], [3], [4, 5], [1], [6]]);
      jest.advanceTimersByTime(10_000);
      for (const statement of statements) statement.end();
      await nextTurn();
      add(1);
      add(4);
      await nextTurn();
      expect(statements.at(-1)?.items).toEqual([1, 4]);
    });

    test('are not sent again once their time to wait is over', async () => {
      for (const item of [1, 2]) add(item);
      await nextTurn();
      jest.advanceTimersByTime(acquireTimeout);
      statements[0]?.end(locked);
      await nextTurn();
      expect(sent()).toEqual([[1, 2]]);
      expect(ended).toHaveLength(2);
    });

    test('are never overtaken by a later one about the same', async () => {
      const keys = new StatementBatches({ description: 'a slow table', acquireTimeout }, 3, run, {
        of: (item) => item % 10,
        inOrder: true,
        atOnce: false,
      });
      for (const item of [1, 2, 3, 11]) void keys.add(item);
      await nextTurn();
      statements[0]?.end(locked);
      await nextTurn();
      // 1 and 2 are under way, 3 waits in its lane, and what comes after 1 and 3 waits for them.
      for (const item of [13, 4]) void keys.add(item);
      await nextTurn();
      expect(sent()).toEqual([[1, 2, 3], [1], [2], [4]]);
      for (let index = 1; index < statements.length; index += 1) {
        statements[index]?.end();
        await nextTurn();
      }
      expect(sent()).toEqual([[1, 2, 3], [1], [2], [4], [11], [3], [13]]);
    });
  });

  test('leave no timer behind', async () => {
    await occupy();
    add(1);
    await nextTurn();
    for (const statement of statements) statement.end();
    await nextTurn();
    expect(jest.getTimerCount()).toBe(0);
  });
});
