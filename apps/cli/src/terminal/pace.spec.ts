import { describe, expect, it } from '@jest/globals';
import { Pace } from './pace.js';

describe('the pace', () => {
  let now = 0;
  const after = (seconds: number): void => void (now += seconds * 1000);

  it('is that of the last 30 seconds, and tells when all is done', () => {
    const pace = new Pace(() => now);
    pace.note(0);
    for (let second = 1; second <= 100; second += 1) {
      after(1);
      pace.note(second * 10);
    }
    for (let second = 1; second <= 60; second += 1) {
      after(1);
      pace.note(1_000 + second * 50);
    }
    expect(pace.perSecond).toBeCloseTo(50, 0);
    expect(pace.secondsLeft(4_000, 9_000)).toBeCloseTo(100, 0);
  });

  it('falls while nothing is done, and promises nothing before something is', () => {
    const pace = new Pace(() => now);
    pace.note(500);
    expect(pace.secondsLeft(500, 1_000)).toBeUndefined();
    after(1);
    pace.note(600);
    expect(pace.perSecond).toBeCloseTo(100);
    after(9);
    expect(pace.perSecond).toBeCloseTo(10);
  });
});
