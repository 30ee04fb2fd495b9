import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { resetSocket } from './reset-socket.js';

describe('a reset of a socket', () => {
  let server: Server;
  let near: Socket;
  let far: Socket;

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    near = connect((server.address() as AddressInfo).port, '127.0.0.1');
    [far] = (await accepted) as [Socket];
    if (near.connecting) await once(near, 'connect');
  });
  afterEach(() => {
    far.destroy();
    near.destroy();
    server.close();
  });

  test('reaches the other side as one', async () => {
    const failure = once(far, 'error');
    far.resume();
    resetSocket(near);
    expect(await failure).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
  });

  test('closes a Unix socket, which knows no reset', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reset-socket-'));
    const local = createServer().listen(join(folder, 'x.sock'));
    try {
      await once(local, 'listening');
      const accepted = once(local, 'connection');
      const socket = connect(join(folder, 'x.sock'));
      const [other] = (await accepted) as [Socket];
      if (socket.connecting) await once(socket, 'connect');
      const ended = once(other.resume(), 'end');
      resetSocket(socket);
      expect(socket.destroyed).toBe(true);
      await ended;
      other.destroy();
    } finally {
      local.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test.each([
    ['this side', () => near.end()],
    ['the other side', () => far.end()],
  ])('closes a socket that %s has begun to shut down, without an error', async (_, sayGoodbye) => {
    near.resume();
    const errors: unknown[] = [];
    near.on('error', (error) => errors.push(error));
    const closed = once(near, 'close');
    near.on('end', () => {
      resetSocket(near);
    });
    sayGoodbye();
    if (near.writableEnded) resetSocket(near);
    await closed;
    expect(errors).toEqual([]);
    expect(near.destroyed).toBe(true);
  });
});
