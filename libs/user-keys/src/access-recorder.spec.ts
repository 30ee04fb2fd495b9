import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parseUserId, type UserId } from '@key-connector/common';
import { DatabaseUnavailable, type Database } from '@key-connector/database';
import { Metrics } from '@key-connector/observability';
import { Logger } from '@nestjs/common';
import { AccessRecorder } from './access-recorder.js';

const id = (n: number): UserId => {
  const parsed = parseUserId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
  if (parsed === undefined) throw new Error('no GUID');
  return parsed;
};

describe('last-access dates', () => {
  const metrics = new Metrics();
  let written: { ids: readonly UserId[]; at: Date }[];
  let down: boolean;
  let attempts: number;
  let recorder: AccessRecorder;
  let warn: ReturnType<typeof jest.spyOn>;

  const failures = async (): Promise<number> =>
    (await metrics.registry.getSingleMetric('key_connector_access_date_failures_total')?.get())?.values[0]?.value ?? 0;

  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    written = [];
    down = false;
    attempts = 0;
    metrics.registry.resetMetrics();
    const userKeys = {
      touch: (ids: readonly UserId[], at: Date) => {
        attempts += 1;
        if (down) return Promise.reject(new DatabaseUnavailable('down'));
        written.push({ ids, at });
        return Promise.resolve();
      },
    };
    const database = {
      write: (work: (session: unknown) => Promise<void>) => work({ userKeys }),
    } as unknown as Database;
    recorder = new AccessRecorder(database, metrics, {
      recordAccessDates: true,
      accessFlushMilliseconds: 20,
      replaceGuardMinutes: 15,
      keepReplacedDays: 90,
    });
  });
  test('are not kept at all where the settings say so', async () => {
    recorder = new AccessRecorder({} as Database, metrics, {
      recordAccessDates: false,
      accessFlushMilliseconds: 20,
      replaceGuardMinutes: 15,
      keepReplacedDays: 90,
    });
    recorder.record(id(1));
    await jest.advanceTimersByTimeAsync(1000);
    await recorder.flush();
    expect([attempts, await failures()]).toEqual([0, 0]);
  });

  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  test('are written at the end of the flush interval, which is their date, in one statement', async () => {
    recorder.record(id(1));
    await jest.advanceTimersByTimeAsync(5);
    recorder.record(id(1));
    recorder.record(id(2));
    await jest.advanceTimersByTimeAsync(14);
    expect(written).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(written).toEqual([{ ids: [id(1), id(2)], at: new Date() }]);
  });

  test('cause no statement when nobody reads', async () => {
    await jest.advanceTimersByTimeAsync(60_000);
    await recorder.onApplicationShutdown();
    expect(written).toEqual([]);
  });

  test('are written at shutdown, in statements of at most 500 members', async () => {
    for (let n = 0; n < 1250; n += 1) recorder.record(id(n));
    await recorder.onApplicationShutdown();
    expect(written.map(({ ids }) => ids.length)).toEqual([500, 500, 250]);
  });

  test('that cannot be written are counted, told once an outage, and never throw', async () => {
    down = true;
    for (let round = 0; round < 3; round += 1) {
      recorder.record(id(round));
      await recorder.flush();
    }
    expect(await failures()).toBe(3);
    expect(warn).toHaveBeenCalledTimes(1);
    down = false;
    recorder.record(id(9));
    await recorder.flush();
    expect(written).toHaveLength(1);
  });

  test('that cannot be written are tried once a second, until one try succeeds', async () => {
    down = true;
    for (let waited = 0; waited < 5000; waited += 10) {
      recorder.record(id(1));
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(attempts).toBeGreaterThanOrEqual(5);
    expect(attempts).toBeLessThanOrEqual(6);
    down = false;
    await recorder.flush();
    recorder.record(id(2));
    await jest.advanceTimersByTimeAsync(20);
    expect(written.at(-1)?.ids).toEqual([id(2)]);
  });

  test('of a flush are given up together when the database is away, and all of them counted', async () => {
    down = true;
    for (let n = 0; n < 2500; n += 1) recorder.record(id(n));
    await recorder.onApplicationShutdown();
    expect(attempts).toBe(1);
    expect(await failures()).toBe(2500);
  });

  test('take bounded memory: beyond it they are dropped and counted', async () => {
    for (let n = 0; n < 100_010; n += 1) recorder.record(id(n));
    recorder.record(id(1));
    expect(await failures()).toBe(10);
    await recorder.flush();
    expect(written.flatMap(({ ids }) => ids)).toHaveLength(100_000);
  });
});
