import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parseUserId, type UserId } from '@key-connector/common';
import { type Access, DatabaseUnavailable, type Database } from '@key-connector/database';
import { Metrics } from '@key-connector/observability';
import { Logger } from '@nestjs/common';
import { AccessRecorder } from './access-recorder.js';
import { type UserKeysSettings, userKeysSettingsSchema } from './user-keys.settings.js';

const id = (n: number): UserId => {
  const parsed = parseUserId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
  if (parsed === undefined) throw new Error('no GUID');
  return parsed;
};

describe('last-access dates', () => {
  const metrics = new Metrics();
  let written: { ids: readonly UserId[]; access: Access }[];
  let down: boolean;
  let attempts: number;
  let database: Database;
  let recorder: AccessRecorder;
  let warn: ReturnType<typeof jest.spyOn>;

  const failures = async (): Promise<number> =>
    (await metrics.registry.getSingleMetric('key_connector_access_date_failures_total')?.get())?.values[0]?.value ?? 0;

  const recorderWith = (settings: Partial<UserKeysSettings>): AccessRecorder =>
    new AccessRecorder(database, metrics, {
      ...userKeysSettingsSchema.parse({}),
      accessFlushMilliseconds: 20,
      ...settings,
    });
  /** Serves a member; whether their stored date stands, as the database said it. */
  const serve = (n: number, dateStands?: boolean): void => {
    recorder.record({ id: id(n), value: '', dataKeyId: 1, ...(dateStands === undefined ? {} : { dateStands }) });
  };

  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    written = [];
    down = false;
    attempts = 0;
    metrics.registry.resetMetrics();
    const userKeys = {
      touch: (ids: readonly UserId[], access: Access) => {
        attempts += 1;
        if (down) return Promise.reject(new DatabaseUnavailable('down'));
        written.push({ ids, access });
        return Promise.resolve();
      },
    };
    database = {
      maxTouched: 500,
      write: (work: (session: unknown) => Promise<void>) => work({ userKeys }),
    } as unknown as Database;
    recorder = recorderWith({});
  });

  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  test('are written at the end of the flush interval, which is their date, in one statement', async () => {
    serve(1);
    await jest.advanceTimersByTimeAsync(5);
    serve(1);
    serve(2);
    await jest.advanceTimersByTimeAsync(14);
    expect(written).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(written).toEqual([{ ids: [id(1), id(2)], access: { at: new Date(), resolution: 60_000 } }]);
  });

  test('that stand are asked for with the row, and cause no statement and no timer', async () => {
    expect(recorder.now()).toEqual({ at: new Date(), resolution: 60_000 });
    serve(1, true);
    expect(jest.getTimerCount()).toBe(0);
    serve(2, false);
    await recorder.flush();
    expect(written.flatMap(({ ids }) => ids)).toEqual([id(2)]);
  });

  test('of every read are written, and none is asked for, with a resolution of 0', async () => {
    recorder = recorderWith({ accessResolutionSeconds: 0 });
    expect(recorder.now()).toBeUndefined();
    for (let round = 0; round < 2; round += 1) {
      serve(1);
      await recorder.flush();
    }
    expect(written.map(({ ids, access }) => [ids, access.resolution])).toEqual([
      [[id(1)], 0],
      [[id(1)], 0],
    ]);
  });

  test('are neither kept nor asked for where the settings say so', async () => {
    recorder = recorderWith({ recordAccessDates: false });
    expect(recorder.now()).toBeUndefined();
    serve(1);
    await jest.advanceTimersByTimeAsync(1000);
    await recorder.flush();
    expect([attempts, await failures()]).toEqual([0, 0]);
  });

  test('are written as soon as a statement is full, and what is left at the end of the interval', async () => {
    for (let n = 0; n < 499; n += 1) serve(n);
    await jest.advanceTimersByTimeAsync(19);
    expect(written).toEqual([]);
    serve(499);
    await jest.advanceTimersByTimeAsync(0);
    expect(written.map(({ ids }) => ids.length)).toEqual([500]);
    serve(500);
    await jest.advanceTimersByTimeAsync(19);
    expect(written).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(written.map(({ ids }) => ids.length)).toEqual([500, 1]);
  });

  test('go to a slow database in one statement at a time', async () => {
    let end = (): void => undefined;
    const slow = jest
      .spyOn(database, 'write')
      .mockImplementation(() => new Promise((done) => (end = done as () => void)));
    for (let n = 0; n < 1999; n += 1) serve(n);
    await jest.advanceTimersByTimeAsync(1000);
    expect(slow).toHaveBeenCalledTimes(1);
    slow.mockRestore();
    end();
    await recorder.flush();
    expect(written.flatMap(({ ids }) => ids)).toHaveLength(1499);
  });

  test('cause no statement when nobody reads', async () => {
    await jest.advanceTimersByTimeAsync(60_000);
    await recorder.onApplicationShutdown();
    expect(written).toEqual([]);
  });

  test('are written at shutdown, in statements of no more members than the database takes', async () => {
    for (let n = 0; n < 1250; n += 1) serve(n);
    await recorder.onApplicationShutdown();
    expect(written.map(({ ids }) => ids.length)).toEqual([500, 500, 250]);
  });

  test('that cannot be written are counted, told once an outage, and never throw', async () => {
    down = true;
    for (let round = 0; round < 3; round += 1) {
      serve(round);
      await recorder.flush();
    }
    expect(await failures()).toBe(3);
    expect(warn).toHaveBeenCalledTimes(1);
    down = false;
    serve(9);
    await recorder.flush();
    expect(written).toHaveLength(1);
  });

  test('that cannot be written are tried once a second, until one try succeeds', async () => {
    down = true;
    for (let waited = 0; waited < 5000; waited += 10) {
      serve(1);
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(attempts).toBeGreaterThanOrEqual(5);
    expect(attempts).toBeLessThanOrEqual(6);
    down = false;
    await recorder.flush();
    serve(2);
    await jest.advanceTimersByTimeAsync(20);
    expect(written.at(-1)?.ids).toEqual([id(2)]);
  });

  test('of a flush are given up together when the database is away, and all of them counted', async () => {
    down = true;
    for (let n = 0; n < 2500; n += 1) serve(n);
    await recorder.onApplicationShutdown();
    expect(attempts).toBe(1);
    expect(await failures()).toBe(2500);
  });

  test('take bounded memory: beyond it they are dropped and counted', async () => {
    for (let n = 0; n < 100_010; n += 1) serve(n);
    serve(1);
    expect(await failures()).toBe(10);
    await recorder.flush();
    expect(written.flatMap(({ ids }) => ids)).toHaveLength(100_000);
  });
});
