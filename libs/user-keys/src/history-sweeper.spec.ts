import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Database, UserKeyHistory } from '@key-connector/database';
import { alice, KeyRingFixture } from '@key-connector/key-ring/testing';
import { Logger } from '@nestjs/common';
import { HistorySweeper } from './history-sweeper.js';
import { KeptKeys } from './kept-keys.js';

const day = 86_400_000;

describe('replaced keys', () => {
  let fixture: KeyRingFixture;
  let database: Database;
  let history: UserKeyHistory;
  let warn: ReturnType<typeof jest.spyOn>;

  const sweeper = (days = 90): HistorySweeper => {
    const settings = { keepReplacedDays: days };
    return new HistorySweeper(database, history, new KeptKeys(database, history, settings));
  };
  const keep = (count: number, age: number): void => {
    fixture.sql(
      `INSERT INTO "UserKeyHistory" ("UserId", "Key", "CreationDate", "ReplacedDate", "Cause")
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       SELECT ?, 'v', '2020-01-01 00:00:00.0000000', ?, 'replaced' FROM n`,
      count,
      alice.toUpperCase(),
      `${new Date(Date.now() - age).toISOString().slice(0, -1).replace('T', ' ')}0000`,
    );
  };
  const left = (): number => fixture.sql('SELECT 1 FROM "UserKeyHistory"').length;

  beforeEach(async () => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    fixture = await KeyRingFixture.create();
    const replica = await fixture.replica();
    await replica.connect();
    database = replica.module.get(Database);
    history = replica.module.get(UserKeyHistory);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await fixture.remove();
  });

  test('go when their days are over, in batches, and not a day earlier', async () => {
    keep(1200, 91 * day);
    keep(3, 89 * day);
    expect(await sweeper().sweep()).toBe(1200);
    expect(left()).toBe(3);
    expect(await sweeper().sweep()).toBe(0);
  });

  test('stay while the clocks of database and replica differ by more than ten minutes, in either direction', async () => {
    keep(1, 91 * day);
    const reads = database.read.bind(database);
    for (const apart of [-660_000, 660_000]) {
      jest.spyOn(database, 'read').mockImplementation(async (work) => {
        const answer = await reads(work);
        // A look tells the clock; whatever else is read, has none.
        const told = answer as { clock?: number };
        if (told.clock !== undefined) told.clock += apart;
        return answer;
      });
      const one = sweeper();
      expect([await one.sweep(), await one.sweep()]).toEqual([0, 0]);
    }
    expect(warn).toHaveBeenCalledTimes(2);
    jest.spyOn(database, 'read').mockImplementation(reads);
    expect(await sweeper().sweep()).toBe(1);
  });

  test('are removed by two replicas at once without harm', async () => {
    keep(700, 91 * day);
    await Promise.all([sweeper().sweep(), sweeper().sweep()]);
    expect(left()).toBe(0);
  });

  test('that are looked for stop being looked for at the shutdown', async () => {
    keep(2000, 91 * day);
    const one = sweeper();
    const sweeping = one.sweep();
    await one.onApplicationShutdown();
    expect(await sweeping).toBeLessThan(2000);
  });
});
