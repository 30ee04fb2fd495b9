import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Metrics } from '@key-connector/observability';
import type { Settings } from '@key-connector/settings';
import { fastify } from 'fastify';
import { Admission } from './admission.hook.js';
import { headersOf, problemOf } from './problem.js';

/**
 * Milliseconds between two answers, and requests at a time: more than a second of waiting, which is what is allowed.
 */
const [pace, crowd] = [5, 300];

describe('a line that is longer than http__longestWaitSeconds', () => {
  const metrics = new Metrics();
  const server = fastify();
  const agent = new Agent({ keepAlive: true });
  const waiting: (() => void)[] = [];
  let answering: NodeJS.Timeout;
  let flooding = true;

  beforeAll(async () => {
    const settings = { http: { longestWaitSeconds: 1 } } as Settings;
    server.addHook('onRequest', new Admission(settings, metrics).admit);
    server.setErrorHandler((error, _request, reply) =>
      reply.status(problemOf(error, '').status).headers(headersOf(error)).send(),
    );
    server.get('/user-keys', (request) => {
      Object.assign(request, { user: { id: 'a member' } });
      return new Promise((resolve) => {
        waiting.push(() => {
          resolve('a key');
        });
      });
    });
    server.get('/health/live', () => 'ok');
    await server.listen({ host: '127.0.0.1', port: 0 });
    answering = setInterval(() => waiting.shift()?.(), pace);
  });
  afterAll(async () => {
    clearInterval(answering);
    agent.destroy();
    await server.close();
  });

  const ask = (path: string): Promise<{ status: number | undefined; retryAfter: number; ms: number }> =>
    new Promise((resolve, reject) => {
      const began = performance.now();
      get(new URL(path, server.listeningOrigin), { agent }, (answer) => {
        answer.resume().on('end', () => {
          const retryAfter = Number(answer.headers['retry-after']);
          resolve({ status: answer.statusCode, retryAfter, ms: performance.now() - began });
        });
      }).on('error', reject);
    });
  const shown = async (name: string): Promise<number | undefined> =>
    (await metrics.registry.getSingleMetric(`key_connector_requests_waiting${name}`)?.get())?.values[0]?.value;

  test('takes no newcomer, but probes; all who were let in are answered, and then everybody is let in', async () => {
    const answers: Awaited<ReturnType<typeof ask>>[] = [];
    const member = async (): Promise<void> => {
      while (flooding) {
        const answer = await ask('/user-keys');
        answers.push(answer);
        if (answer.status === 503) flooding = false;
      }
    };
    const members = Array.from({ length: crowd }, member);
    while (flooding) {
      expect((await ask('/health/live')).status).toBe(200);
      await sleep(pace);
    }
    expect(await shown('')).toBeGreaterThan(100);
    await Promise.all(members);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
    const refused = answers.filter(({ status }) => status === 503);
    const slowest = Math.max(...answers.map(({ ms }) => ms));
    for (const { retryAfter, ms } of refused) {
      expect(retryAfter).toBeGreaterThanOrEqual(2);
      expect(ms).toBeLessThan(slowest / 2);
    }
    expect((await ask('/user-keys')).status).toBe(200);
    expect([await shown(''), await shown('_most')]).toEqual([0, crowd]);
  });
});
