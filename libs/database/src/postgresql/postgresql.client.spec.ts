import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { tlsCertificate } from '../../../../test/lab/files/certificate.js';
import { primary, welcome } from '../testing/postgresql-messages.js';
import { type SilentServer, startSilentServer } from '../testing/silent-server.js';
import { PostgresqlClient } from './postgresql.client.js';

const limit = 10_000;
const { certificatePem: cert, keyPem: key } = tlsCertificate();

describe.each([
  ['in plain text', undefined],
  ['by TLS', { cert, key }],
])('a connection to PostgreSQL, %s,', (_, identity) => {
  let server: SilentServer;
  let client: PostgresqlClient;
  let errors: string[];
  beforeEach(async () => {
    // Of two statements, the first is answered.
    server = await startSilentServer([welcome, primary], undefined, identity);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const ssl = identity && { rejectUnauthorized: false };
    client = new PostgresqlClient({ host: '127.0.0.1', port: server.port, user: 'u', query_timeout: limit, ssl });
    errors = [];
    // As the pool does.
    const opened = client;
    opened.once('error', () => void opened.end());
    opened.on('error', (error) => errors.push(String(error)));
    await client.connect();
  });
  afterEach(async () => {
    jest.useRealTimers();
    await server.close();
  });

  const ask = (deadline?: number): Promise<unknown> => client.ask('SELECT 1', [], deadline);
  /** What has come of a statement so far. */
  const ends = (statement: Promise<unknown>): (() => Promise<string>) => {
    let end = 'none yet';
    statement.catch((error: unknown) => (end = String(error)));
    return () => new Promise((resolve) => setImmediate(() => setImmediate(resolve, end)));
  };

  it.each([
    ['after one that was answered', 0],
    ['begun shortly before the look at an earlier one', limit - 1],
    ['begun long after an earlier one', 3 * limit],
  ])('gives a statement up at its limit, tells it once, and goes: %s', async (_name, later) => {
    await ask();
    jest.advanceTimersByTime(later);
    const end = ends(ask());
    const gone = new Promise((resolve) => client.once('end', resolve));

    jest.advanceTimersByTime(limit - 1);
    expect(await end()).toBe('none yet');
    jest.advanceTimersByTime(1);
    expect(await end()).toBe('Error: Query read timeout');
    await Promise.all([gone, server.left()]);
    expect(errors).toEqual(['Error: Query read timeout']);
  });

  it('gives a statement with a deadline of its own up at that', async () => {
    await ask();
    const end = ends(ask(2 * limit));

    jest.advanceTimersByTime(2 * limit - 1);
    expect(await end()).toBe('none yet');
    jest.advanceTimersByTime(1);
    expect(await end()).toBe('Error: Query read timeout');
  });

  it('that is idle past the limit lives on', async () => {
    await ask();
    jest.advanceTimersByTime(5 * limit);

    const end = ends(ask());
    expect(await end()).toBe('none yet');
  });

  it('that broke says nothing more', async () => {
    await ask();
    const end = ends(ask());
    const broke = new Promise((resolve) => client.once('end', resolve));
    await server.close();
    await broke;
    const told = errors.length;

    jest.advanceTimersByTime(limit);
    expect(await end()).not.toBe('none yet');
    expect(errors).toHaveLength(told);
  });
});
