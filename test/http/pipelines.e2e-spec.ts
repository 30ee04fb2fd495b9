import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { collect, exchange, parseAnswers } from '../lab/network/raw-http.js';
import { memoryMb } from '../lab/processes/proc.js';
import { until } from '../lab/processes/until.js';

/** 64 KB, the most that Node reads at once: some 1,900 requests. */
const flood = 'GET /user-keys HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1770);
const LIMIT = 8;

describe('requests that do not wait for their answers', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment({
      // As the start command has it.
      env: { NODE_OPTIONS: '--max-old-space-size=256 --max-semi-space-size=8' },
    });
  });
  afterAll(() => deployment.stop());

  /**
   * Asks as a well-behaved client does, one request after the other, while something goes on; the waits in
   * milliseconds.
   */
  const waitsDuring = async (goesOn: () => boolean): Promise<number[]> => {
    const waits: number[] = [];
    do {
      const start = performance.now();
      expect((await fetch(`${deployment.url}/alive`)).status).toBe(200);
      waits.push(performance.now() - start);
      await sleep(5);
    } while (goesOn());
    return waits.sort((a, b) => a - b);
  };
  const attack = (connections: number, reads: boolean): Set<Socket> => {
    const open = new Set<Socket>();
    for (let index = 0; index < connections; index += 1) {
      const socket = connect(deployment.port, '127.0.0.1');
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
      socket.write(flood);
      if (reads) socket.resume();
      else socket.pause();
    }
    return open;
  };

  test(`${LIMIT} on a connection are answered in order`, async () => {
    const paths = ['/alive', '/user-keys', '/version', '/nowhere', '/alive', '/user-keys', '/version', '/alive'];
    const bytes = paths.map(
      (path, index) =>
        `GET ${path} HTTP/1.1\r\nHost: x\r\n${index === paths.length - 1 ? 'Connection: close\r\n' : ''}\r\n`,
    );
    const answers = await exchange(deployment.port, bytes.join(''));
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 404, 200, 401, 200, 200]);
  });

  test('a client that sends on as answers come is never refused', async () => {
    const socket = connect(deployment.port, '127.0.0.1');
    const received = collect(socket, 15_000);
    const one = 'GET /alive HTTP/1.1\r\nHost: x\r\n\r\n';
    let sent = LIMIT;
    let answered = 0;
    socket.write(one.repeat(LIMIT));
    socket.on('data', (bytes: Buffer) => {
      answered += bytes.toString('latin1').split('HTTP/1.1 200').length - 1;
      for (; sent < answered + LIMIT / 2 && sent < 200; sent += 1) socket.write(one);
      if (answered === 200) socket.end();
    });
    expect(parseAnswers(await received).filter(({ status }) => status !== 200)).toEqual([]);
    expect(answered).toBe(200);
  });

  test(`behind ${LIMIT} answers one refusal comes, and the connection is closed; the log has one line for the rest`, async () => {
    const lines = (): unknown[] => deployment.service.logs.filter(({ reason }) => reason === 'REQUESTS_TOO_MANY');
    const before = lines().length;
    const answers = await exchange(deployment.port, 'GET /alive HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50));
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: LIMIT }, () => 200), 429]);
    expect(JSON.parse(answers.at(-1)?.body ?? '')).toMatchObject({ code: 'REQUESTS_TOO_MANY' });
    expect(answers.at(-1)?.headers).toMatchObject({ 'cache-control': 'no-store', connection: 'close' });
    await until(() => lines().length > before, 'the refusal is in the log');
    expect(lines()).toHaveLength(before + 1);
  });

  test.each([
    ['read their answers', true],
    ['do not read their answers', false],
  ])('60 connections of 64 KB of requests that %s hold nobody up, and are closed', async (_what, reads) => {
    const open = attack(60, reads);
    try {
      const waits = await waitsDuring(() => open.size > 0 && reads);
      // Not a speed test: only that nobody waits for 60 times 1,900 requests, which take longer.
      expect(waits.at(-1)).toBeLessThan(2500);
      // A client that does not read does not see the end either: it is looked for from the other side.
      for (const socket of open) socket.resume();
      await until(() => open.size === 0, 'every connection is closed', 10_000);
      expect(memoryMb(deployment.service.pid, 'now')).toBeLessThan(300);
    } finally {
      for (const socket of open) socket.destroy();
    }
  });
});
