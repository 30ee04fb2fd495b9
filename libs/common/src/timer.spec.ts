import { describe, expect, it } from '@jest/globals';

import { timerMilliseconds } from './timer.js';

const day = 24 * 3600 * 1000;

describe('the time of a timer', () => {
  it.each([
    [1500, 1500],
    [-1, 0],
    [24 * day, 24 * day],
    [25 * day, 2 ** 31 - 1],
    [Infinity, 2 ** 31 - 1],
  ])('of %d ms is %d ms', (wanted, taken) => {
    expect(timerMilliseconds(wanted)).toBe(taken);
  });

  it('is refused when it is no number, which Node would take for 1 ms', () => {
    expect(() => timerMilliseconds(Number.NaN)).toThrow(RangeError);
  });
});
