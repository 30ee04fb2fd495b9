import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { greeting, greetingWithoutTls, noRows, ok, version } from '../testing/mysql-messages.js';
import { type SilentServer, startSilentServer } from '../testing/silent-server.js';
import type { MysqlPoolOptions } from './mysql.pool.js';
import { findMysqlTls } from './probe.js';
import type { MysqlTls } from './tls.js';

const plain: readonly MysqlTls[] = [undefined];
const tls: readonly MysqlTls[] = [{ rejectUnauthorized: false }];

describe('a look at a MySQL server that says nothing more, and does not hang up,', () => {
  let server: SilentServer;
  afterEach(() => server.close());

  /** With deadlines that only a server that says nothing more meets, unless one is wanted to pass. */
  const find = (choices: readonly MysqlTls[], seconds = 30): Promise<MysqlTls> => {
    const options: MysqlPoolOptions = {
      host: '127.0.0.1',
      port: server.port,
      tlsName: '127.0.0.1.',
      acquireMilliseconds: seconds * 1000,
      statementSeconds: seconds,
      staleReads: false,
      driver: { user: 'u', database: 'keys' },
    };
    return findMysqlTls(choices, options);
  };

  test.each<[string, readonly MysqlTls[], readonly Buffer[], Buffer | undefined]>([
    ['once it took the connection', plain, [], undefined],
    ['when TLS is to begin', tls, [], greeting],
    ['at the login', plain, [], greeting],
    ['when the session is set up', plain, [ok(2)], greeting],
    ['when it was asked about its cluster', plain, [ok(2), ok(1)], greeting],
    ['when it was asked something', plain, [ok(2), ok(1), noRows], greeting],
  ])('%s, ends at its deadline and leaves no connection', async (_, choices, answers, first) => {
    server = await startSilentServer(answers, first);
    await expect(find(choices, 0.2)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await server.left();
  });

  test('after its answer, ends with that answer and leaves no connection', async () => {
    server = await startSilentServer([ok(2), ok(1), noRows, version], greeting);
    expect(await find(plain)).toBeUndefined();
    await server.left();
  });

  test.each([
    ['breaks', greeting, 1],
    ['is not there', greetingWithoutTls, 0],
  ])(
    'goes on in plain text where TLS was only preferred and %s; it warns of what broke',
    async (_, first, warnings) => {
      const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
      server = await startSilentServer([ok(2), ok(1), noRows, version], first);
      expect(await find([...tls, ...plain])).toBeUndefined();
      expect(warn).toHaveBeenCalledTimes(warnings);
      warn.mockRestore();
    },
  );
});
