import { describe, expect, test } from '@jest/globals';
import type { HistoryEntry } from '@key-connector/database';
import { expendableOf, mostKept } from './kept-keys.js';

const minute = 60_000;
const day = 1440 * minute;

/** A member's history, as PUTs and the removal of old entries leave it. */
class History {
  entries: HistoryEntry[] = [];
  private last = 0;
  private count = 0;

  /** Replaces the key that the member has, which stood since the last time; returns the entry that keeps it. */
  replaceAt(time: number): number {
    const gone = new Set(expendableOf(this.entries));
    const entry = { id: (this.count += 1), since: new Date(this.last), replaced: new Date(time), cause: 'replaced' };
    this.entries = [...this.entries.filter(({ id }) => !gone.has(id)), { ...entry, dataKeyId: 1 }];
    this.last = time;
    return entry.id;
  }

  /** Removes what was replaced more than ninety days ago. */
  sweep(time: number): void {
    this.entries = this.entries.filter(({ replaced }) => replaced.getTime() > time - 90 * day);
  }

  has(entry: number): boolean {
    return this.entries.some(({ id }) => id === entry);
  }
}

describe('what is kept of a member', () => {
  test('is never more than 32 keys, of which none goes before there are as many', () => {
    const history = new History();
    for (let n = 1; n <= 100; n += 1) {
      history.replaceAt(n * minute);
      expect(history.entries).toHaveLength(Math.min(n, mostKept));
    }
  });

  test('is the good key that a thief replaced, however often he goes on, at once', () => {
    const history = new History();
    const good = history.replaceAt(day);
    for (let n = 1; n <= 20_000; n += 1) history.replaceAt(day + n);
    expect(history.has(good)).toBe(true);
  });

  test.each([15 * minute, 6 * 60 * minute, day, 3 * day, 7 * day])(
    'is the good key until its days are over, though a thief replaces one every %i ms',
    (pause) => {
      const history = new History();
      const good = history.replaceAt(day);
      for (let time = day + pause; time < 91 * day; time += pause) {
        history.replaceAt(time);
        history.sweep(time);
        expect(history.has(good)).toBe(true);
      }
      history.sweep(91 * day);
      expect(history.has(good)).toBe(false);
    },
  );

  test('is a good key of six days, though a thief had filled the history before and goes on as he likes', () => {
    for (const pause of [1, 15 * minute, day, 5 * day]) {
      const history = new History();
      for (let n = 1; n <= 1000; n += 1) history.replaceAt(n * 15 * minute);
      const restored = 1000 * 15 * minute;
      const good = history.replaceAt(restored + 6 * day);
      const until = restored + 96 * day;
      for (let time = restored + 6 * day + pause, n = 0; time < until && n < 20_000; time += pause, n += 1) {
        history.replaceAt(time);
        history.sweep(time);
      }
      expect(history.has(good)).toBe(true);
    }
  });

  test('are always the eight oldest and the newest, whatever stood how long', () => {
    const history = new History();
    for (let n = 1; n <= 32; n += 1) history.replaceAt(n);
    const oldest = history.entries.slice(0, 8).map(({ id }) => id);
    for (let n = 1; n <= 200; n += 1) history.replaceAt(n * day);
    const ids = history.entries.map(({ id }) => id);
    expect(ids.slice(0, 8)).toEqual(oldest);
    expect(ids.slice(-8)).toEqual(Array.from({ length: 8 }, (_, index) => 225 + index));
  });
});
