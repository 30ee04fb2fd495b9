import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { statusOf } from '../lab/network/http-call.js';
import { type PostgresServer, startPostgres } from '../lab/databases/postgres.server.js';
import { collect, parseAnswers } from '../lab/network/raw-http.js';
import { startService } from '../lab/service/service.process.js';
import { until } from '../lab/processes/until.js';

const CLIENTS = 32;

describe('the end of the service', () => {
  let postgres: PostgresServer;
  let deployment: Deployment;
  beforeAll(async () => {
    postgres = await startPostgres();
    const settings = {
      http__drainDelaySeconds: '3',
      http__drainTimeoutSeconds: '2',
      userKeys__accessResolutionSeconds: '0',
    };
    deployment = await startDeployment({ database: postgres, settings });
  });
  afterAll(async () => {
    await deployment.stop();
    await postgres.stop();
  });

  /** The members whose stored access date is older than their last read that was answered. */
  const behind = async (lastRead: ReadonlyMap<string, number>): Promise<string[]> => {
    const rows = await postgres.query<{ id: string; at: string }>(
      `SELECT "Id" AS id, extract(epoch FROM "LastAccessDate") * 1000 AS at FROM "UserKeys"`,
    );
    const stored = new Map(rows.map(({ id, at }) => [id, Number(at)]));
    // A millisecond: the column and the clock may round to different sides.
    return [...lastRead].filter(([id, time]) => (stored.get(id) ?? 0) < time - 1).map(([id]) => id);
  };

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
    const lastRead = new Map<string, number>();
    const client = async (index: number): Promise<void> => {
      for (let turn = index; routed; turn += 1) {
        const member = members[turn % members.length];
        if (member === undefined) return;
        const sent = Date.now();
        try {
          const answer = await fetch(`${deployment.url}/user-keys`, {
            headers: { authorization: `Bearer ${member.token}` },
          });
          const body: unknown = await answer.json();
          if (answer.status === 200 && (body as { key: string }).key === member.key) {
            answered += 1;
            lastRead.set(member.id, Math.max(sent, lastRead.get(member.id) ?? 0));
          } else failures.push(String(answer.status));
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
    await until(
      () => answered > 500 && lastRead.size === members.length,
      'the load is on, and has reached every member',
    );
    const exit = deployment.service.terminate();
    await Promise.all([...clients, balancer()]);
    expect(failures).toEqual([]);
    expect(await exit).toBe(0);

    expect(await behind(lastRead)).toEqual([]);
  });

  test('access times that wait for the next flush when SIGTERM comes are written', async () => {
    // The longest interval, and an end without delay: only the flush of the end can have written them.
    const settings = {
      ...deployment.settings,
      http__drainDelaySeconds: '0',
      userKeys__accessFlushMilliseconds: '1000',
    };
    const service = await startService({ settings });
    const ids = Array.from({ length: 20 }, () => randomUUID());
    const call = (id: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${service.url}/user-keys`, {
        ...init,
        headers: { authorization: `Bearer ${deployment.token(id)}`, 'content-type': 'application/json' },
      });
    const body = JSON.stringify({ key: randomBytes(32).toString('base64') });
    const stored = await Promise.all(ids.map((id) => call(id, { method: 'PUT', body })));
    expect(stored.filter(({ ok }) => !ok)).toEqual([]);
    const start = Date.now();
    const read = await Promise.all(ids.map((id) => call(id)));
    expect(read.filter(({ ok }) => !ok)).toEqual([]);
    expect(await service.terminate()).toBe(0);
    expect(await behind(new Map(ids.map((id) => [id, start])))).toEqual([]);
  });

  /** A PUT that says its headers, and resolves once the service has taken them and asked for the body. */
  const halfPut = async (
    port: number,
    id: string,
    length: number,
  ): Promise<{ socket: Socket; rest: Promise<string> }> => {
    const socket = connect(port, '127.0.0.1');
    const rest = collect(socket, 15_000);
    socket.write(
      `PUT /user-keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${deployment.token(id)}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString('latin1')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    return { socket, rest };
  };

  test('a request that is under way when SIGTERM comes is answered', async () => {
    const service = await startService({ settings: { ...deployment.settings, http__drainDelaySeconds: '1' } });
    const id = randomUUID();
    const body = JSON.stringify({ key: randomBytes(32).toString('base64') });
    const { socket, rest } = await halfPut(service.port, id, body.length);
    const exit = service.terminate();
    await until(async () => (await statusOf(`${service.url}/health/ready`)) !== 200, 'the end has begun');
    socket.write(body);
    expect(parseAnswers(await rest).map(({ status }) => status)).toEqual([100, 200]);
    expect(await exit).toBe(0);
  });

  test('a connection that is idle when SIGTERM comes, and used after the delay, is answered and then closed', async () => {
    const times = { http__drainDelaySeconds: '1', http__drainTimeoutSeconds: '20' };
    const service = await startService({ settings: { ...deployment.settings, ...times } });
    const socket = connect(service.port, '127.0.0.1');
    const answers = collect(socket, 20_000);
    const ask = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n';
    socket.write(ask);
    await once(socket, 'data');
    const start = performance.now();
    const exit = service.terminate();
    // Longer than Fastify lets anything at the end take by itself.
    await sleep(11_000);
    socket.write(ask);
    const [first, second, ...others] = parseAnswers(await answers);
    expect([first?.status, second?.status, others]).toEqual([200, 200, []]);
    expect(second?.headers['connection']).toBe('close');
    // It was the last one: nothing is waited for any more.
    expect(await exit).toBe(0);
    expect((performance.now() - start) / 1000).toBeLessThan(19);
  });

  test('a request that never ends is cut after http__drainTimeoutSeconds, and the exit code is 0', async () => {
    const settings = {
      ...deployment.settings,
      http__drainDelaySeconds: '0',
      http__drainTimeoutSeconds: '2',
      http__requestTimeoutSeconds: '60',
    };
    const service = await startService({ settings });
    const { rest } = await halfPut(service.port, randomUUID(), 50);
    const start = performance.now();
    const exit = service.terminate();
    // Cut, not answered.
    expect(parseAnswers(await rest).map(({ status }) => status)).toEqual([100]);
    const seconds = (performance.now() - start) / 1000;
    expect(seconds).toBeGreaterThan(1.9);
    expect(seconds).toBeLessThan(10);
    expect(await exit).toBe(0);
  });
});
