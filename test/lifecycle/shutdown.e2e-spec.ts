import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from '../support/deployment.js';
import { type PostgresServer, startPostgres } from '../support/postgres.server.js';
import { startService } from '../support/service.process.js';
import { until } from '../support/until.js';

const CLIENTS = 32;

describe('the end of the service', () => {
  let postgres: PostgresServer;
  let deployment: Deployment;
  beforeAll(async () => {
    postgres = await startPostgres();
    deployment = await startDeployment({ postgres, settings: { http__drainDelaySeconds: '1' } });
  });
  afterAll(async () => {
    await deployment.stop();
    await postgres.stop();
  });

  test('SIGTERM under full load fails no request, and every access time is written', async () => {
    const members = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const member = { id: randomUUID(), key: randomBytes(32).toString('base64') };
        expect((await deployment.call('PUT', member.id, member.key)).status).toBe(200);
        return { ...member, token: deployment.token(member.id) };
      }),
    );

    let routed = true;
    let answered = 0;
    const failures: string[] = [];
    const client = async (index: number): Promise<void> => {
      for (let turn = index; routed; turn += 1) {
        const member = members[turn % members.length];
        if (member === undefined) return;
        try {
          const answer = await fetch(`${deployment.url}/user-keys`, {
            headers: { authorization: `Bearer ${member.token}` },
          });
          const body: unknown = await answer.json();
          if (answer.status === 200 && (body as { key: string }).key === member.key) answered += 1;
          else failures.push(String(answer.status));
        } catch (error) {
          failures.push(error instanceof Error ? `${error.message}: ${String(error.cause)}` : 'unknown');
        }
      }
    };
    // As a load balancer does: it stops sending a moment after readiness turned false.
    const balancer = async (): Promise<void> => {
      await until(async () => (await fetch(`${deployment.url}/health/ready`)).status === 503, 'readiness turns false');
      await sleep(100);
      routed = false;
    };

    const clients = Array.from({ length: CLIENTS }, (_, index) => client(index));
    await until(() => answered > 500, 'the load is on');
    const startOfEnd = new Date();
    const exit = deployment.service.terminate();
    await Promise.all([...clients, balancer()]);
    expect(failures).toEqual([]);
    expect(await exit).toBe(0);

    const late = await postgres.query<{ count: string }>(
      `SELECT count(*) FROM "UserKeys" WHERE "LastAccessDate" >= $1::timestamptz AT TIME ZONE 'UTC' - interval '1 second'`,
      [startOfEnd.toISOString()],
    );
    expect(Number(late[0]?.count)).toBe(members.length);
  });

  test('a request that is under way when SIGTERM comes is answered', async () => {
    const service = await startService({ settings: deployment.settings });
    const id = randomUUID();
    const body = JSON.stringify({ key: randomBytes(32).toString('base64') });
    const half = new ReadableStream({
      async start(controller) {
        controller.enqueue(Buffer.from(body.slice(0, 20)));
        await sleep(300);
        controller.enqueue(Buffer.from(body.slice(20)));
        controller.close();
      },
    });
    const put = fetch(`${service.url}/user-keys`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${deployment.token(id)}`, 'content-type': 'application/json' },
      body: half,
      duplex: 'half',
    });
    await sleep(100);
    const exit = service.terminate();
    expect((await put).status).toBe(200);
    expect(await exit).toBe(0);
  });
});
