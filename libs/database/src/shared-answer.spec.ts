import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SharedAnswer } from './shared-answer.js';

describe('a shared answer', () => {
  let asked: number;
  let settle: (() => void) | undefined;
  let shared: SharedAnswer<number>;

  beforeEach(() => {
    jest.useFakeTimers();
    asked = 0;
    shared = new SharedAnswer(() => {
      const number = (asked += 1);
      return new Promise((resolve, reject) => {
        settle = () => {
          if (number === 1) resolve(number);
          else reject(new Error(`no answer ${number}`));
        };
      });
    }, 1000);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('is asked for once however many wait for it, and however long', async () => {
    const waiting = [shared.get(), shared.get()];
    jest.advanceTimersByTime(5000);
    waiting.push(shared.get());
    settle?.();
    expect(await Promise.all(waiting)).toEqual([1, 1, 1]);
    expect(asked).toBe(1);
  });

  test('is kept for its time, good or bad, and asked for again after it', async () => {
    const first = shared.get();
    settle?.();
    expect(await first).toBe(1);
    jest.advanceTimersByTime(999);
    expect(await shared.get()).toBe(1);
    jest.advanceTimersByTime(1);
    const second = shared.get();
    settle?.();
    await expect(second).rejects.toThrow('no answer 2');
    await expect(shared.get()).rejects.toThrow('no answer 2');
    expect(asked).toBe(2);
  });
});
