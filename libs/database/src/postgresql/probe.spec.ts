import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { findTarget } from './probe.js';

describe('a PostgreSQL server that takes connections and never answers', () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined).resume();
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  test('costs one deadline, not one for each way of TLS', async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ways = (): Promise<[{ rejectUnauthorized: false }, false]> =>
      Promise.resolve([{ rejectUnauthorized: false }, false]);
    const search = findTarget([{ host: '127.0.0.1', port }], ways, { user: 'u', connectionTimeoutMillis: 100 });
    await expect(search).rejects.toThrow('timeout expired');
    expect(connections).toBe(1);
  });
});
