import { UnavailableError } from '@key-connector/common';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Outages } from './outages.js';

class Away extends UnavailableError {
  readonly code = 'DATABASE_UNAVAILABLE';
}

describe('an outage that requests meet', () => {
  const lines: unknown[] = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => lines.push(line));
  afterEach(() => {
    lines.length = 0;
    jest.useRealTimers();
  });

  test('has one line when it begins, one for each other cause, and one with the count when it is over', () => {
    jest.useFakeTimers({ now: 0 });
    const outages = new Outages();
    for (let index = 0; index < 1000; index += 1) outages.met(new Away('refused'), `r${index}`);
    outages.met(new Away('too slow'), 'slow');
    jest.advanceTimersByTime(5_000);
    outages.met(new Away('refused'), 'again');
    expect(lines).toEqual([
      { msg: 'refused', code: 'DATABASE_UNAVAILABLE', requestId: 'r0' },
      { msg: 'too slow', code: 'DATABASE_UNAVAILABLE', requestId: 'slow' },
    ]);
    jest.advanceTimersByTime(12_000);
    expect(lines.slice(2)).toEqual([
      { msg: 'requests were answered 503', code: 'DATABASE_UNAVAILABLE', requests: 1002, seconds: 5 },
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('has few lines, however many causes are told apart', () => {
    const outages = new Outages();
    for (let index = 0; index < 1000; index += 1) outages.met(new Away(`port ${index}`), `r${index}`);
    expect(lines.length).toBeLessThanOrEqual(10);
    outages.onApplicationShutdown();
    expect(lines.at(-1)).toMatchObject({ requests: 1000 });
  });
});
