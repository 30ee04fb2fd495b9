import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectResetting } from './resetting-socket.js';

describe('a socket to SQL Server', () => {
  let server: Server;
  let near: Socket;
  let far: Socket;

  beforeEach(async () => {
    server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    near = await connectResetting({ host: '127.0.0.1', port }, undefined, AbortSignal.timeout(10_000));
    [far] = await accepted;
  });
  afterEach(() => {
    far.destroy();
    server.close();
  });

  test('is reset when it is closed, so that nothing is delivered later', async () => {
    const failed = once(far, 'error');
    near.destroy();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  test('is closed for good when the server closes its side', async () => {
    const closed = once(near.resume(), 'close', { signal: AbortSignal.timeout(5000) });
    // As the driver does while it logs in.
    near.on('end', () => {
      queueMicrotask(() => near.destroy());
    });
    far.end();
    await expect(closed).resolves.toBeDefined();
  });

  test('says so when the connection breaks', async () => {
    const failed = once(near, 'error');
    far.resetAndDestroy();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  test('gives up when it is told to', async () => {
    const { port } = server.address() as AddressInfo;
    const connecting = connectResetting(
      { host: '127.0.0.1', port },
      undefined,
      AbortSignal.abort(new Error('too late')),
    );
    await expect(connecting).rejects.toThrow('too late');
  });
});
