import { afterEach, describe, expect, test } from '@jest/globals';
import { type SilentServer, startSilentServer } from '../testing/silent-server.js';
import type { MysqlPoolOptions } from './mysql.pool.js';
import { findMysqlTls } from './probe.js';
import type { MysqlTls } from './tls.js';

/** A packet of the server: three bytes of length, a sequence number, the payload (MySQL's "Client/Server Protocol"). */
const packet = (sequence: number, ...parts: readonly Buffer[]): Buffer => {
  const payload = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([payload.length & 255, payload.length >> 8, 0, sequence]), payload]);
};
const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);
const lengthAndText = (text: string): Buffer => Buffer.concat([bytes(text.length), Buffer.from(text)]);

/** Protocol 4.1 with TLS and mysql_native_password, as MySQL 8 greets. */
const greeting = packet(
  0,
  Buffer.concat([bytes(10), Buffer.from('8.0.36\0'), bytes(1, 0, 0, 0), Buffer.alloc(8, 1), bytes(0)]),
  // Capabilities in two halves (CLIENT_PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH), charset and status between.
  Buffer.concat([bytes(0x00, 0x8a, 45, 2, 0, 0x08, 0x00, 21), Buffer.alloc(10), Buffer.alloc(12, 1), bytes(0)]),
  Buffer.from('mysql_native_password\0'),
);
const ok = (sequence: number): Buffer => packet(sequence, bytes(0, 0, 0, 2, 0, 0, 0));
const eof = (sequence: number): Buffer => packet(sequence, bytes(0xfe, 0, 0, 2, 0));
const column = Buffer.concat([
  ...['def', '', '', '', 'version', ''].map(lengthAndText),
  bytes(12, 45, 0, 60, 0, 0, 0, 253, 0, 0, 0, 0, 0),
]);
const version = Buffer.concat([
  packet(1, bytes(1)),
  packet(2, column),
  eof(3),
  packet(4, lengthAndText('8.0.36')),
  eof(5),
]);

const plain: readonly MysqlTls[] = [undefined];
const tls: readonly MysqlTls[] = [{ rejectUnauthorized: false }];

describe('a look at a MySQL server that says nothing more, and does not hang up,', () => {
  let server: SilentServer;
  afterEach(() => server.close());

  const find = (choices: readonly MysqlTls[]): Promise<MysqlTls> => {
    const options: MysqlPoolOptions = {
      host: '127.0.0.1',
      port: server.port,
      tlsName: '127.0.0.1.',
      acquireMilliseconds: 200,
      statementSeconds: 0.1,
      session: 'SET SESSION autocommit = 1',
      driver: { user: 'u', database: 'keys' },
    };
    return findMysqlTls(choices, options);
  };

  test.each<[string, readonly MysqlTls[], readonly Buffer[], Buffer | undefined]>([
    ['once it took the connection', plain, [], undefined],
    ['when TLS is to begin', tls, [], greeting],
    ['at the login', plain, [], greeting],
    ['when the session is set up', plain, [ok(2)], greeting],
    ['when it was asked something', plain, [ok(2), ok(1)], greeting],
  ])('%s, ends at its deadline and leaves no connection', async (_, choices, answers, first) => {
    server = await startSilentServer(answers, first);
    await expect(find(choices)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await server.left();
  });

  test('after its answer, ends with that answer and leaves no connection', async () => {
    server = await startSilentServer([ok(2), ok(1), version], greeting);
    expect(await find(plain)).toBeUndefined();
    await server.left();
  });
});
