import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { queryOnce } from '../lab/databases/postgres.client.js';
import { clusters } from '../lab/kubernetes/cluster/cluster.js';
import { kubectl } from '../lab/kubernetes/cluster/kubectl.js';
import { node } from '../lab/kubernetes/cluster/places.js';
import { Child } from '../lab/processes/child-process.js';
import { until } from '../lab/processes/until.js';
import { describeIf } from '../lab/skip/skip.js';
import { connectionString, Installation } from './installation.js';
import { Load } from './load.js';

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** How often the pods are all replaced; by hand: `UPGRADES=10 npm run cluster -- under-load`. */
const upgrades = Number(process.env['UPGRADES'] ?? 2);

const replicas = 3;
/** The label lets a drain leave the other journeys' pods where they are. */
const threeReplicas = { replicaCount: replicas, podLabels: { 'key-connector.test/drained': 'yes' } };

describeIf(clusters.installed, clusters.reason, 'three replicas, while members read and enrol', () => {
  let installation: Installation;
  let load: Load;
  beforeAll(async () => {
    installation = await Installation.prepare('under-load');
    await installation.install(installation.values, threeReplicas);
  });
  afterAll(() => installation.remove());
  beforeEach(async () => {
    load = await Load.start(installation);
  });
  afterEach(() => load.stop());

  const readyPods = async (): Promise<number> => (await installation.pods()).filter(({ ready }) => ready).length;
  const allReady = (): Promise<void> =>
    until(async () => (await readyPods()) === replicas, 'three pods are ready', 120_000, 250);

  test(`lose no request in ${upgrades} times that all of them are replaced, by upgrades and rollbacks in turn`, async () => {
    for (let turn = 1; turn <= upgrades; turn += 1) {
      const [begun, before] = [performance.now(), load.requests];
      if (turn % 2 === 1) {
        await installation.install(installation.values, { ...threeReplicas, image: { tag: '0.1.1' } });
      } else {
        await installation.helm('rollback', 'key-connector', '--wait');
      }
      await until(
        async () => (await installation.pods(true)).length === replicas,
        'the old pods are gone',
        120_000,
        250,
      );
      const seconds = ((performance.now() - begun) / 1000).toFixed(0);
      print(`Turn ${turn}: ${load.requests - before} requests in ${seconds} s, ${load.losses.length} lost so far.`);
    }
    const { requests, lost } = await load.stop();
    print(`${upgrades} times replaced: ${requests} requests, ${lost.length} lost.`);
    expect(lost).toEqual([]);
    expect(requests).toBeGreaterThan(upgrades * 100);
  }, 1_200_000);

  test('lose no request while the node is drained, which the budget lets go on one pod at a time', async () => {
    const ours = '--pod-selector=key-connector.test/drained=yes';
    const before = await installation.pods();
    const drain = new Child(
      ...kubectl.command('drain', node.name, '--ignore-daemonsets', '--delete-emptydir-data', ours),
    );
    let fewest = replicas;
    try {
      // One pod may go. Its successor finds no node, so the budget holds the next one.
      await drain.until(
        () => Promise.resolve(drain.output.includes('Cannot evict pod')),
        'the budget holds the drain',
        60_000,
      );
      expect(await readyPods()).toBe(replicas - 1);
      // As if there were another node: successors start, and the drain goes on to its end.
      await kubectl.run('uncordon', node.name);
      await until(
        async () => {
          fewest = Math.min(fewest, await readyPods());
          return !drain.running;
        },
        'the drain ends',
        180_000,
        100,
      );
      expect(await drain.exited).toBe(0);
      expect(fewest).toBe(replicas - 1);
      await allReady();
      const left = new Set((await installation.pods()).map(({ name }) => name));
      expect(before.filter(({ name }) => left.has(name))).toEqual([]);
      expect((await load.stop()).lost).toEqual([]);
    } finally {
      await kubectl.run('uncordon', node.name);
      await drain.kill();
    }
  });

  test('lose no request while the database’s password is changed as docs/operations.md says', async () => {
    const before = await installation.pods();
    const password = randomBytes(16).toString('hex');
    const host = `database.${installation.namespace}.svc.cluster.local`;
    const admin = {
      host,
      port: 5432,
      database: 'keys',
      user: 'key_connector',
      password: installation.databasePassword,
    };
    const allSay = (what: string): Promise<void> =>
      until(
        async () => {
          const logs = before.map(({ name }) => installation.kubectl('logs', name, '--since=3m'));
          return (await Promise.all(logs)).every((log) => log.includes(what));
        },
        `every pod says: ${what}`,
        120_000,
        1_000,
      );
    await installation.change('key-connector', { database: connectionString(password) });
    await allSay('changed files are refused');
    await queryOnce(admin, `ALTER ROLE key_connector PASSWORD '${password}'`);
    await allSay('changed files are in use');
    expect(await installation.pods()).toEqual(before);
    expect((await load.stop()).lost).toEqual([]);
  });

  test('lose no more than a killed pod was answering, and are three again', async () => {
    const [{ name } = { name: '' }] = await installation.pods();
    await installation.kubectl('delete', 'pod', name, '--grace-period=0', '--force');
    await allReady();
    const lostUntilNow = load.losses.length;
    const asked = load.requests;
    await until(() => load.requests > asked + 500, 'members went on');
    const { lost } = await load.stop();
    print(`A pod was killed: ${lost.length} requests were lost.`);
    expect(lost.length).toBe(lostUntilNow);
    expect(lost.length).toBeLessThanOrEqual(load.connections);
  });
});
