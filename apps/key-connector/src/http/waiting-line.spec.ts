import { beforeEach, describe, expect, test } from '@jest/globals';
import { WaitingLine } from './waiting-line.js';

describe('the line of those who wait', () => {
  let line: WaitingLine;
  let now: number;
  /** Who is in the line, the oldest first. */
  let waiting: number[];

  beforeEach(() => {
    line = new WaitingLine();
    [now, waiting] = [0, []];
  });

  const come = (count: number): void => {
    for (let one = 0; one < count; one += 1) waiting.push(line.enter());
  };
  const go = (count: number, served = true): void => {
    for (const number of waiting.splice(0, count)) line.leave(number, served, now);
  };
  /** So long, in tenths of a second, in each of which some come and some are served. */
  const pass = (tenths: number, coming: number, served: number): void => {
    for (let tenth = 0; tenth < tenths; tenth += 1) {
      now += 100;
      come(coming);
      go(served);
    }
  };

  test('is as long as those in front of a newcomer need, at the speed of the last seconds', () => {
    come(1000);
    pass(30, 100, 100);
    expect(line.length).toBe(1000);
    expect(line.wait).toBeGreaterThan(800);
    expect(line.wait).toBeLessThan(1200);
  });

  test('has no known wait in its first two seconds, however long it is: a process that has just started is slow', () => {
    come(10_000);
    pass(20, 100, 1);
    expect(line.wait).toBe(0);
  });

  test('has no known wait after a burst on a quiet service', () => {
    pass(100, 1, 1);
    come(5000);
    expect(line.wait).toBe(0);
  });

  test('has no known wait while nobody is served, nor right after: an outage is waited out', () => {
    pass(50, 10, 10);
    for (let second = 0; second < 5; second += 1) {
      now += 1000;
      come(1000);
      expect(line.wait).toBe(0);
    }
    pass(10, 100, 300);
    expect(line.wait).toBe(0);
  });

  test('is no longer for those who are stuck while later ones are served', () => {
    const stuck = Array.from({ length: 500 }, () => line.enter());
    pass(50, 10, 10);
    expect(line.length).toBe(0);
    expect(line.wait).toBe(0);
    for (const number of stuck) line.leave(number, true, now);
  });

  test('is over at once when it is served, and when all are refused: nobody is refused for what was', () => {
    for (const served of [true, false]) {
      come(1000);
      pass(40, 20, 20);
      expect(line.wait).toBeGreaterThan(3000);
      go(waiting.length, served);
      expect([line.length, line.wait]).toEqual([0, 0]);
      come(5000);
      expect(line.wait).toBe(0);
      go(waiting.length);
    }
  });

  test('counts those who are refused as gone, and not as the speed at which members are served', () => {
    come(2000);
    for (let tenth = 0; tenth < 30; tenth += 1) {
      pass(1, 10, 10);
      come(50);
      for (const number of waiting.splice(-50)) line.leave(number, false, now);
    }
    expect(line.wait).toBeGreaterThan(3000);
  });
});
