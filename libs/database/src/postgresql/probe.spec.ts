import { afterEach, describe, expect, test } from '@jest/globals';
import { type SilentServer, startSilentServer } from '../testing/silent-server.js';
import { findTarget, type Target } from './probe.js';
import type { Tls } from './tls.js';

const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number): Buffer => Buffer.concat([int16(0), int16(value)]);

/** A message of the server (PostgreSQL manual, "Message Formats"). */
const message = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};
const column = (name: string, type: number): Buffer =>
  Buffer.concat([text(name), int32(0), int16(0), int32(type), int16(4), int32(0), int16(0)]);
const value = (given: string): Buffer => Buffer.concat([int32(given.length), Buffer.from(given)]);

const ready = message('Z', Buffer.from('I'));
const welcome = Buffer.concat([message('R', int32(0)), ready]);
const starting = message('E', Buffer.from('SFATAL\0C57P03\0Mthe database system is starting up\0\0'));
const primary = Buffer.concat([
  message('T', int16(2), column('version', 23), column('standby', 16)),
  message('D', int16(2), value('150006'), value('f')),
  message('C', text('SELECT 1')),
  ready,
]);
const yesToTls = Buffer.from('S');

const plain: readonly Tls[] = [false];
const tls: readonly Tls[] = [{ rejectUnauthorized: false }];

describe('a look at a PostgreSQL server that says nothing more, and does not hang up,', () => {
  let server: SilentServer;
  afterEach(() => server.close());

  const find = (ways: readonly Tls[]): Promise<Target> =>
    findTarget([{ host: '127.0.0.1', port: server.port }], () => Promise.resolve(ways), {
      user: 'u',
      connectionTimeoutMillis: 200,
    });

  test.each<[string, readonly Tls[], readonly Buffer[], RegExp]>([
    ['once it took the connection', plain, [], /timeout expired/],
    ['when TLS is to begin', tls, [yesToTls], /timeout expired/],
    ['when it was asked something', plain, [welcome], /read timeout/],
    ['after it refused the login', plain, [starting], /starting up/],
  ])('%s, ends at its deadline and leaves no connection', async (_, ways, answers, failure) => {
    server = await startSilentServer(answers);
    await expect(find(ways)).rejects.toThrow(failure);
    await server.left();
  });

  test('after its answer, ends with that answer and leaves no connection', async () => {
    server = await startSilentServer([welcome, primary]);
    expect(await find(plain)).toMatchObject({ standby: false });
    await server.left();
  });

  test('costs one deadline, not one for each way of TLS', async () => {
    server = await startSilentServer();
    await expect(find([...tls, ...plain])).rejects.toThrow('timeout expired');
    expect(server.connections()).toBe(1);
  });
});
