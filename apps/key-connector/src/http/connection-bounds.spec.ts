import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ConnectionBounds } from './connection-bounds.js';

const STALLED = 200;
const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

describe('the bounds of a connection', () => {
  let server: Server;
  let client: Socket;

  const serve = async (handle: RequestListener): Promise<void> => {
    const bounds = new ConnectionBounds();
    server = createServer(bounds.bound(handle));
    bounds.watch(server, 'connection', STALLED);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => undefined);
  };
  afterEach(() => {
    client.destroy();
    server.close();
  });

  test('close it when its answer is not read and nothing moves', async () => {
    await serve((_request, response) => response.end(Buffer.alloc(32 * 1024 * 1024)));
    client.pause().write(request);
    const [accepted] = (await once(server, 'connection')) as [Socket];
    await once(accepted, 'close');
    expect(accepted.destroyed).toBe(true);
  });

  test('leave it alone while its handler is at work, however long that takes', async () => {
    await serve((_request, response) => void sleep(STALLED * 4).then(() => response.end('late')));
    client.write(request);
    expect(String((await once(client, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 [^]*late$/);
  });

  test('parse nothing beyond them: of 64 KB of requests hardly more are made than are answered', async () => {
    let made = 0;
    await serve((_request, response) => response.end());
    server.on('request', () => (made += 1));
    client.resume().write(request.repeat(2300));
    await once(client, 'close');
    expect(made).toBeLessThan(100);
  });

  test('give the parser every byte of a long request once and in order', async () => {
    const body = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    const received: Buffer[] = [];
    await serve((incoming, response) => {
      incoming.on('data', (bytes: Buffer) => received.push(bytes)).on('end', () => response.end());
    });
    client.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
    client.write(body);
    await once(client, 'data');
    expect(Buffer.concat(received).equals(body)).toBe(true);
  });
});
