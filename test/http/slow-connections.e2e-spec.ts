import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { until } from '../lab/processes/until.js';

const CONNECTIONS = 2000;
const TOLD = 'HTTP/1.1 408';

describe('connections that dawdle', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment({
      settings: { http__headersTimeoutSeconds: '2', http__requestTimeoutSeconds: '4' },
    });
  });
  afterAll(() => deployment.stop());

  test('2,000 of them are told 408 and closed in time, and others are answered meanwhile', async () => {
    const open = new Set<Socket>();
    // Of each half one in two goes on sending, and the other falls silent. A byte that arrives after the close resets
    // the connection, and the answer with it, so only the silent ones can be sure to hear it.
    const dripping = new Set<Socket>();
    const goesOn = (index: number): boolean => index % 4 >= 2;
    const starts = Array.from({ length: CONNECTIONS }, () => '');
    for (let index = 0; index < CONNECTIONS; index += 1) {
      const socket = connect(deployment.port, '127.0.0.1');
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
      if (goesOn(index)) dripping.add(socket);
      socket.on('close', () => dripping.delete(socket));
      // Half never end their headers, half never end their body.
      socket.write(
        index % 2 === 0
          ? 'GET /user-keys HTTP/1.1\r\nHost: x\r\nA: '
          : 'PUT /user-keys HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{',
      );
      socket.setEncoding('latin1').on('data', (text: string) => {
        starts[index] = ((starts[index] ?? '') + text).slice(0, TOLD.length);
      });
    }
    const drip = setInterval(() => {
      for (const socket of dripping) socket.write('x');
    }, 500);
    try {
      const waits: number[] = [];
      await until(
        async () => {
          const start = performance.now();
          expect((await fetch(`${deployment.url}/alive`)).status).toBe(200);
          waits.push(performance.now() - start);
          return open.size === 0;
        },
        () => `${open.size} slow connections are still open`,
        20_000,
      );
      const silent = starts.filter((_, index) => !goesOn(index));
      expect(silent.filter((start) => start !== TOLD)).toEqual([]);
      waits.sort((a, b) => a - b);
      // Not a speed test: only that nobody waits for the slow ones' time-outs, which are seconds.
      expect(waits.at(Math.floor(waits.length * 0.99) - 1)).toBeLessThan(1500);
    } finally {
      clearInterval(drip);
      for (const socket of open) socket.destroy();
    }
  });
});
