import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { freePort } from '../lab/network/free-port.js';
import type { LogLine } from '../lab/service/log-reader.js';
import { exchange } from '../lab/network/raw-http.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { until } from '../lab/processes/until.js';

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

describe('what an operator sees', () => {
  let deployment: Deployment;
  let metricsPort: number;
  let service: ServiceProcess | undefined;
  beforeAll(async () => {
    metricsPort = await freePort();
    deployment = await startDeployment({ settings: { metrics__port: String(metricsPort) } });
  });
  afterEach(async () => {
    await service?.kill();
    service = undefined;
  });
  afterAll(() => deployment.stop());

  /** The lines of the request log; there is none yet for a request whose line is not awaited. */
  const requestLines = (of: ServiceProcess): LogLine[] => of.logs.filter((line) => line['context'] === 'Request');
  /** Asks for a route that is not there, and waits for its audit line: what was asked before is logged by then. */
  const mark = async (of: ServiceProcess): Promise<void> => {
    const { requestId } = (await (await fetch(`${of.url}/mark`)).json()) as { requestId: string };
    await until(() => of.output.includes(requestId), 'the mark is in the log');
  };
  const startWith = async (settings: Record<string, string>): Promise<ServiceProcess> =>
    (service = await startService({ settings: { ...deployment.settings, metrics__port: '', ...settings } }));

  describe('the metrics port', () => {
    const metrics = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${metricsPort}${path}`);

    test('serves /metrics with how long requests took, by route and status', async () => {
      await deployment.call('GET', randomUUID());
      const answer = await metrics('/metrics');
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('text/plain; version=0.0.4'),
      ]);
      expect(await answer.text()).toMatch(
        /^key_connector_http_request_duration_seconds_count\{method="GET",route="\/user-keys",status="404"\} [1-9]/m,
      );
    });

    test('answers the probes, where no connection to the members’ port is in their way', async () => {
      const [live, ready] = [await metrics('/health/live'), await metrics('/health/ready')];
      expect([live.status, await live.json()]).toEqual([200, { status: 'ok' }]);
      expect([ready.status, await ready.json()]).toEqual([200, expect.objectContaining({ status: 'ok' })]);
    });

    test.each(['/', '/metrics/', '/user-keys', '/health', '/alive'])('serves nothing at %s', async (path) => {
      const answer = await metrics(path);
      expect([answer.status, await answer.text()]).toEqual([404, '']);
    });

    test('is the only one that serves them, and is not there unless asked for', async () => {
      expect((await fetch(`${deployment.url}/metrics`)).status).toBe(404);
      await deployment.service.terminate();
      const plain = await startWith({});
      expect((await fetch(`${plain.url}/metrics`)).status).toBe(404);
      await expect(metrics('/metrics')).rejects.toThrow();
    });
  });

  describe('the log', () => {
    test('has one line for each request, with the address of the connection, and none for a probe', async () => {
      const plain = await startWith({});
      for (const path of ['/health', '/health/live', '/health/ready', '/alive', '/now']) await fetch(plain.url + path);
      await fetch(`${plain.url}/version`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
      await mark(plain);
      await until(() => requestLines(plain).length === 2, 'two requests are in the log');
      expect(requestLines(plain)[0]).toMatchObject({
        level: 'info',
        requestId: expect.stringMatching(uuid),
        method: 'GET',
        route: '/version',
        status: 200,
        ms: expect.any(Number),
        ip: '127.0.0.1',
      });
    });

    test('has the address that a trusted proxy forwards, without the port that some put behind it', async () => {
      const behind = await startWith({ http__trustProxy: '127.0.0.0/8' });
      for (const forwarded of ['203.0.113.9', '203.0.113.9:51234', '[2001:db8::1]:4711']) {
        await fetch(`${behind.url}/version`, { headers: { 'x-forwarded-for': forwarded } });
      }
      await until(() => requestLines(behind).length === 3, 'the requests are in the log');
      expect(requestLines(behind).map((line) => line['ip'])).toEqual(['203.0.113.9', '203.0.113.9', '2001:db8::1']);
    });

    test.each([
      ['takes over the X-Request-Id of', '127.0.0.0/8', true],
      ['takes over the X-Request-Id of', 'true', true],
      ['has an id of its own instead of that of', '192.0.2.0/24', false],
      ['has an id of its own instead of that of', 'false', false],
    ])('%s a client where http__trustProxy is %s', async (_what, http__trustProxy, taken) => {
      const plain = await startWith({ http__trustProxy });
      const id = randomUUID();
      const answer = await fetch(`${plain.url}/nowhere`, { headers: { 'x-request-id': id } });
      const { requestId } = (await answer.json()) as { requestId: string };
      expect(requestId === id).toBe(taken);
      await until(() => requestLines(plain).length === 1, 'the request is in the log');
      expect(requestLines(plain)[0]?.['requestId']).toBe(requestId);
    });

    test('does not believe X-Forwarded-For of a proxy that is not on the list', async () => {
      const behind = await startWith({ http__trustProxy: '192.0.2.0/24' });
      await fetch(`${behind.url}/version`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
      await until(() => requestLines(behind).some((line) => line['route'] === '/version'), 'the request is in the log');
      expect(requestLines(behind).find((line) => line['route'] === '/version')?.['ip']).toBe('127.0.0.1');
    });

    test('has no line for a request when log__requests is false; refusals are still recorded', async () => {
      const quiet = await startWith({ log__requests: 'false' });
      await fetch(`${quiet.url}/version`);
      await mark(quiet);
      expect(requestLines(quiet)).toEqual([]);
      expect(quiet.logs.filter((line) => line['reason'] === 'ROUTE_NOT_FOUND')).toHaveLength(1);
    });

    test('has nothing below log__level', async () => {
      const quiet = await startWith({ log__level: 'warn' });
      await fetch(`${quiet.url}/version`);
      await quiet.terminate();
      expect(quiet.logs.filter(({ level }) => !['warn', 'error', 'fatal'].includes(String(level)))).toEqual([]);
      const loud = await startWith({ log__level: 'debug' });
      await loud.terminate();
      expect(loud.logs.map((line) => line['level'])).toContain('debug');
    });

    test.each([
      ['200 characters', 'x'.repeat(200)],
      ['quotes', '","level":"fatal","msg":"forged'],
      ['a blank', 'two words'],
      ['bytes that are not ASCII', 'caf\u00e9'],
    ])('never takes over an X-Request-Id that is %s, of a trusted proxy either', async (_what, hostile) => {
      const plain = await startWith({ http__trustProxy: 'true' });
      const [answer] = await exchange(
        plain.port,
        Buffer.from(
          `GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${hostile}\r\nConnection: close\r\n\r\n`,
          'latin1',
        ),
      );
      const { requestId } = JSON.parse(answer?.body ?? '') as { requestId: string };
      expect(requestId).toMatch(uuid);
      await until(() => requestLines(plain).length === 1, 'the request is in the log');
      expect(requestLines(plain)[0]?.['requestId']).toBe(requestId);
      expect(plain.output).not.toContain(hostile);
    });

    test('an X-Request-Id with a line break is refused before it is a request', async () => {
      const plain = await startWith({});
      for (const lineBreak of ['\n', '\r']) {
        const [answer] = await exchange(
          plain.port,
          `GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: a${lineBreak}{"level":"fatal"}\r\n\r\n`,
        );
        expect(answer?.status).toBe(400);
      }
      expect(plain.output).not.toContain('fatal');
    });
  });
});
