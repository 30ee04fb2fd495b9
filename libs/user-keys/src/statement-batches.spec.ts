import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DatabaseUnavailable } from '@key-connector/database';
import { StatementBatches } from './statement-batches.js';

const acquireTimeout = 5000;

describe('items that wait for a place among the statements', () => {
  let statements: { items: readonly number[]; end: () => void }[];
  let batches: StatementBatches<number, number>;
  /** How each item ended, in the order in which they did. */
  let ended: [item: number, outcome: 'done' | 'refused'][];

  const add = (item: number): void => {
    batches.add(item).then(
      () => ended.push([item, 'done']),
      (error: unknown) => ended.push([item, error instanceof DatabaseUnavailable ? 'refused' : 'done']),
    );
  };
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
    batches = new StatementBatches({ description: 'a slow table', acquireTimeout }, 3, (items) => {
      return new Promise((resolve) => {
        statements.push({
          items,
          end: () => {
            resolve(items);
          },
        });
      });
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
    const keys = new StatementBatches<string, string>(
      { description: 'a slow table', acquireTimeout },
      1,
      (items) =>
        new Promise((resolve) => {
          statements.push({
            items: items.map(Number),
            end: () => {
              resolve(items);
            },
          });
        }),
      (item) => Number(item) % 10,
    );
    const all = ['1', '11', '2', '21'].map((item) => keys.add(item));
    await nextTurn();
    await nextTurn();
    expect(statements.map(({ items }) => items)).toEqual([[1], [2]]);
    for (let index = 0; index < 4; index += 1) {
      statements[index]?.end();
      await nextTurn();
    }
    expect(statements.map(({ items }) => items)).toEqual([[1], [2], [11], [21]]);
    expect(await Promise.all(all)).toEqual(['1', '11', '2', '21']);
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
