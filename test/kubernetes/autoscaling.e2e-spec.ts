import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { clusters } from '../lab/kubernetes/cluster/cluster.js';
import { startMetricsServer } from '../lab/kubernetes/cluster/metrics-server.js';
import type { Child } from '../lab/processes/child-process.js';
import { until } from '../lab/processes/until.js';
import { describeIf } from '../lab/skip/skip.js';
import { Installation } from './installation.js';
import { Load } from './load.js';

describeIf(clusters.installed, clusters.reason, 'autoscaling by metrics-server', () => {
  let metrics: Child;
  let installation: Installation;
  beforeAll(async () => {
    metrics = await startMetricsServer();
    installation = await Installation.prepare('autoscaling');
    await installation.install(installation.values, {
      // An idle replica uses a few thousandths of a core, and a busy one 30 and more, also on a machine that does other
      // work.
      resources: { requests: { cpu: '50m' } },
      autoscaling: {
        enabled: true,
        minReplicas: 1,
        maxReplicas: 2,
        targetCPUUtilizationPercentage: 40,
        behavior: {
          scaleUp: { policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] },
          scaleDown: { stabilizationWindowSeconds: 5, policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] },
        },
      },
    });
  });
  afterAll(async () => {
    await installation.remove();
    await metrics.stop();
  });

  /** Waits, and tells what the autoscaler saw where that is in vain. */
  const scaled = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
    let seen = '';
    await until(
      async () => {
        seen = await installation.kubectl('get', 'horizontalpodautoscaler,pods');
        return holds();
      },
      () => `${what}. There were:\n${seen}`,
      150_000,
      1_000,
    );
  };
  const ready = async (): Promise<number> => (await installation.pods()).filter((pod) => pod.ready).length;

  test('has as many replicas as members need: more under load, fewer after it, and no request is lost', async () => {
    const load = await Load.start(installation);
    try {
      await scaled(async () => (await ready()) === 2, 'two replicas are ready');
      // A release that is put back does not reset their number: the chart renders none beside an autoscaler.
      await installation.helm('rollback', 'key-connector', '1');
      expect((await installation.pods()).length).toBe(2);
    } finally {
      await load.stop();
    }
    expect(load.losses).toEqual([]);
    await scaled(async () => (await installation.pods()).length === 1, 'one replica is left');
  });
});
