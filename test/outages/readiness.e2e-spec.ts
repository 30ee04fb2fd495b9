import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownsPostgres, startPostgres, type PostgresServer } from '../lab/databases/postgres.server.js';
import { type FaultProxy, faultProxyTool, startFaultProxy } from '../lab/network/fault-proxy.js';
import { statusOf } from '../lab/network/http-call.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';

const here = ownsPostgres && faultProxyTool.installed;

describeIf(here, 'it needs a PostgreSQL of its own, and toxiproxy', 'three replicas on one database', () => {
  let server: PostgresServer;
  let way: FaultProxy;
  let deployment: Deployment;
  let impatient: ServiceProcess;
  const replicas: ServiceProcess[] = [];
  const member = randomUUID();

  const ask = ({ url }: ServiceProcess, path: string): Promise<Response> =>
    fetch(url + path, { headers: { authorization: `Bearer ${deployment.token(member)}` } });
  const served = async (): Promise<boolean> =>
    (await Promise.all(replicas.map(async (one) => (await ask(one, '/user-keys')).status))).every((s) => s === 200);
  const refused = async (): Promise<boolean> =>
    (await Promise.all(replicas.map(async (one) => (await ask(one, '/user-keys')).status))).every((s) => s === 503);
  const readyOnes = async (): Promise<number> =>
    (await Promise.all(replicas.map(({ url }) => statusOf(`${url}/health/ready`)))).filter((s) => s === 200).length;

  beforeAll(async () => {
    server = await startPostgres();
    way = await startFaultProxy(server.port);
    const url = new URL(server.url);
    url.port = String(way.port);
    deployment = await startDeployment({
      database: { settings: { provider: 'postgresql', postgreSqlConnectionString: url.toString() } },
    });
    expect((await deployment.call('PUT', member, randomBytes(32).toString('base64'))).status).toBe(200);
    const { settings } = deployment;
    const others = [{}, {}, { http__readinessGraceSeconds: '1' }].map((own) =>
      startService({ settings: { ...settings, ...own } }),
    );
    const [second, third, fourth] = await Promise.all(others);
    if (second === undefined || third === undefined || fourth === undefined) throw new Error('three were started');
    replicas.push(deployment.service, second, third);
    impatient = fourth;
  });
  afterAll(async () => {
    await Promise.all([...replicas.slice(1), impatient].map((one) => one.terminate()));
    await deployment.stop();
    await way.stop();
    await server.stop();
  });

  test('that comes and goes under load all stay ready, and say 503 with Retry-After while it is away', async () => {
    const state = { runs: true };
    const counts = new Set<number>();
    const statuses = new Set<number>();
    const probes = (async () => {
      while (state.runs) counts.add(await readyOnes());
    })();
    const load = replicas.map(async (one) => {
      while (state.runs) statuses.add((await ask(one, '/user-keys')).status);
    });
    for (let flap = 0; flap < 8; flap += 1) {
      await way.cut();
      await until(refused, 'members are refused');
      const answer = await ask(deployment.service, '/user-keys');
      expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([503, true]);
      // A ping's answer is shared for a second.
      await until(async () => (await statusOf(`${deployment.url}/health`)) === 503, 'monitors are told');
      await way.heal();
      await until(served, 'members are served');
    }
    state.runs = false;
    await Promise.all([probes, ...load]);
    expect([...counts]).toEqual([3]);
    expect([...statuses].sort()).toEqual([200, 503]);
  });

  test('that goes silent answer a probe before it gives up, and stay ready', async () => {
    const ready = async (): Promise<string> => (await ask(deployment.service, '/health/ready')).text();
    await until(async () => !(await ready()).includes('"answers":false'), 'the last outage is forgotten');
    await way.stall();
    try {
      // A statement waits for ten seconds, a probe for five.
      await until(async () => (await ready()).includes('"answers":false'), 'its silence is seen');
      const url = `${deployment.url}/health/ready`;
      expect((await fetch(url, { signal: AbortSignal.timeout(5000) })).status).toBe(200);
    } finally {
      await way.heal();
    }
    await until(served, 'members are served', 30_000);
  });

  describe('that stays away for longer than http__readinessGraceSeconds', () => {
    test('are not ready any more, and are again as soon as it is back', async () => {
      const ready = async (): Promise<boolean> => (await statusOf(`${impatient.url}/health/ready`)) === 200;
      await until(ready, 'it is ready');
      await way.cut();
      await until(async () => !(await ready()), 'it is not ready');
      expect(await readyOnes()).toBe(3);
      await way.heal();
      await until(ready, 'it is ready again');
    });
  });
});
