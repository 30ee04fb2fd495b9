import { afterAll, beforeAll, describe, expect, jest } from '@jest/globals';
import { type Deployment, startDeployment } from '../support/deployment.js';
import { ownsPostgres } from '../support/postgres.server.js';
import { testIf } from '../support/skip.js';
import { until } from '../support/until.js';
import { MixedLoad } from './mixed-load.js';
import type { OutageStage } from './outage.stage.js';
import { postgresqlStage } from './postgresql.stage.js';

jest.setTimeout(240_000);

/** Longest wait for normal service after a fault has passed, in milliseconds. */
const recovery = 30_000;
/** Shortest length of the whole run, in milliseconds. */
const length = 60_000;

const stages: readonly (readonly [name: string, possible: boolean, reason: string, () => Promise<OutageStage>])[] = [
  ['PostgreSQL', ownsPostgres, 'TEST_POSTGRES_URL names a server that must not be harmed', postgresqlStage],
];

describe.each(stages)('%s in trouble under load', (_, possible, reason, prepare) => {
  let stage: OutageStage;
  let deployment: Deployment;

  beforeAll(async () => {
    if (!possible) return;
    stage = await prepare();
    deployment = await startDeployment({ settings: stage.settings });
  });
  afterAll(async () => {
    if (!possible) return;
    await deployment.stop();
    await stage.stop();
  });

  testIf(
    possible,
    reason,
    'loses no acknowledged key, answers nothing but 200 and 503, and is back 30 s after each fault at the latest',
    async () => {
      const load = await MixedLoad.enrol(deployment, 200);
      const rate = (await load.fullRate(3)) / 2;
      const started = performance.now();
      load.start(rate);
      const normal = (): Promise<void> =>
        until(
          () => load.streak > rate,
          () => `a second without a failure: ${JSON.stringify(load.counts)}`,
          recovery,
        );
      await normal();
      for (const outage of stage.outages) {
        await outage.befall();
        load.streak = 0;
        await normal();
      }
      await until(() => performance.now() - started > length, 'a minute is over', length);
      await load.stop();
      expect(load.violations).toEqual([]);
      expect(await load.lost()).toBe(0);
      expect(load.counts.unavailable).toBeGreaterThan(0);
    },
  );
});
