import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { primary, starting, welcome, yesToTls } from '../testing/postgresql-messages.js';
import { type SilentServer, startSilentServer } from '../testing/silent-server.js';
import { findTarget, type Target } from './probe.js';
import type { Tls } from './tls.js';

const plain: readonly Tls[] = [false];
const tls: readonly Tls[] = [{ rejectUnauthorized: false }];

describe('a look at a PostgreSQL server that says nothing more, and does not hang up,', () => {
  let server: SilentServer;
  afterEach(() => server.close());

  /** With a deadline that only a server that says nothing more meets, unless it is wanted to pass. */
  const find = (ways: readonly Tls[], seconds = 30): Promise<Target> =>
    findTarget([{ host: '127.0.0.1', port: server.port }], () => Promise.resolve(ways), {
      user: 'u',
      connectionTimeoutMillis: seconds * 1000,
    });

  // Where the server answers first, it must come to that within the deadline on a busy machine too.
  test.each<[string, readonly Tls[], readonly Buffer[], number, RegExp]>([
    ['once it took the connection', plain, [], 0.2, /timeout expired/],
    ['when TLS is to begin', tls, [yesToTls], 0.2, /timeout expired/],
    ['when it was asked something', plain, [welcome], 2, /read timeout/],
    ['after it refused the login', plain, [starting], 2, /starting up/],
  ])('%s, ends at its deadline and leaves no connection', async (_, ways, answers, seconds, failure) => {
    server = await startSilentServer(answers);
    await expect(find(ways, seconds)).rejects.toThrow(failure);
    await server.left();
  });

  test('after its answer, ends with that answer and leaves no connection', async () => {
    server = await startSilentServer([welcome, primary]);
    expect(await find(plain)).toMatchObject({ standby: false });
    await server.left();
  });

  test('goes on in plain text where TLS was only preferred and breaks, and warns of it', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    // No answer to the question for TLS, and a good one to the login of the connection behind that.
    server = await startSilentServer([welcome, primary]);
    expect((await find([...tls, ...plain])).options.ssl).toBe(false);
    expect(warn.mock.calls).toEqual([[expect.objectContaining({ port: server.port, error: expect.any(String) })]]);
    warn.mockRestore();
  });

  test('costs one deadline, not one for each way of TLS', async () => {
    server = await startSilentServer();
    await expect(find([...tls, ...plain], 0.2)).rejects.toThrow('timeout expired');
    expect(server.connections()).toBe(1);
  });
});
