import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { collect } from '../lab/network/raw-http.js';
import { freePort } from '../lab/network/free-port.js';
import { until } from '../lab/processes/until.js';

const LIMIT = 5;
const request = 'GET /alive HTTP/1.1\r\nHost: x\r\n\r\n';

describe('http__maxConnections', () => {
  let deployment: Deployment;
  let metricsPort: number;
  beforeAll(async () => {
    deployment = await startDeployment({
      settings: { http__maxConnections: String(LIMIT), metrics__port: String((metricsPort = await freePort())) },
    });
  });
  afterAll(() => deployment.stop());

  /** A connection that is kept open after one answer; undefined when it is closed instead. */
  const answered = async (): Promise<Socket | undefined> => {
    const socket = connect(deployment.port, '127.0.0.1').on('error', () => undefined);
    const first = new Promise<string>((resolve) => {
      socket.once('data', (bytes: Buffer) => {
        resolve(bytes.toString('latin1'));
      });
      socket.once('close', () => {
        resolve('');
      });
    });
    socket.write(request);
    return (await first).startsWith('HTTP/1.1 200 ') ? socket : undefined;
  };
  /** What comes on a new connection before the server closes it. */
  const turnedAway = (): Promise<string> => {
    const socket = connect(deployment.port, '127.0.0.1');
    const received = collect(socket, 5_000);
    socket.write(request);
    return received;
  };

  test('connections beyond it are closed without an answer; those that are open go on, and one that ends makes room', async () => {
    const open: Socket[] = [];
    try {
      // The probes of the start may still be closing.
      const openOne = async (): Promise<void> => {
        const socket = await answered();
        if (socket !== undefined) open.push(socket);
      };
      await until(async () => {
        await openOne();
        return open.length === LIMIT;
      }, `${LIMIT} connections are open`);
      for (let turn = 0; turn < 3; turn += 1) expect(await turnedAway()).toBe('');
      // Probes have a way of their own.
      expect((await fetch(`http://127.0.0.1:${metricsPort}/health/live`)).status).toBe(200);
      expect((await fetch(`http://127.0.0.1:${metricsPort}/health/ready`)).status).toBe(200);
      for (const socket of open) {
        socket.write(request);
        expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
      }
      open.pop()?.destroy();
      await until(async () => {
        await openOne();
        return open.length === LIMIT;
      }, 'there is room for one');
    } finally {
      for (const socket of open) socket.destroy();
    }
  });
});
