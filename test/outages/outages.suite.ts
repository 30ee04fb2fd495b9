import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest } from '@jest/globals';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { testIf } from '../lab/skip/skip.js';
import { until } from '../lab/processes/until.js';
import { MixedLoad } from './mixed-load.js';
import type { OutageStage } from './outage-stage.js';

jest.setTimeout(240_000);

const members = 200;

/** Longest wait for normal service after a fault has passed, in milliseconds. */
const recovery = 30_000;

/** How long the load goes on once service is normal again after the last fault: what a fault left behind would show. */
const calmMs = 5_000;

/** A database that can be brought into trouble here, or the reason why not. */
export interface OutageSuite {
  readonly possible: boolean;
  readonly reason: string;
  prepare(): Promise<OutageStage>;
}

/** A quarter of full load, one write in ten requests, while everything that can befall the database does. */
export function describeOutages(name: string, suite: OutageSuite): void {
  describe(`${name} in trouble under load`, () => {
    let stage: OutageStage;
    let deployment: Deployment;

    beforeAll(async () => {
      if (!suite.possible) return;
      stage = await suite.prepare();
      deployment = await startDeployment({
        settings: { ...stage.settings, userKeys__replaceGuardMinutes: '0' },
      });
    });
    afterAll(async () => {
      if (!suite.possible) return;
      await deployment.stop();
      await stage.stop();
    });

    testIf(
      suite.possible,
      suite.reason,
      'loses no acknowledged key, answers nothing but 200 and 503, and is back 30 s after each fault at the latest',
      async () => {
        const load = await MixedLoad.enrol(deployment, members);
        const rate = (await load.fullRate(2)) / 4;
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
        await sleep(calmMs);
        await load.stop();
        expect(Object.fromEntries(load.violations)).toEqual({});
        const readable = await load.readable();
        expect(Object.fromEntries(load.violations)).toEqual({});
        expect(readable).toBe(members);
        expect(load.counts.unavailable).toBeGreaterThan(0);
      },
    );
  });
}
