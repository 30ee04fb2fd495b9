import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { primary, welcome } from '../testing/postgresql-messages.js';
import { type SilentServer, startSilentServer } from '../testing/silent-server.js';
import { PostgresqlClient } from './postgresql.client.js';

const limit = 10_000;

describe('a connection to PostgreSQL', () => {
  let server: SilentServer;
  let client: PostgresqlClient;
  beforeEach(async () => {
    // Of two statements, the first is answered.
    server = await startSilentServer([welcome, primary]);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    client = new PostgresqlClient({ host: '127.0.0.1', port: server.port, user: 'u', query_timeout: limit });
    client.on('error', () => undefined);
    await client.connect();
  });
  afterEach(async () => {
    jest.useRealTimers();
    await server.close();
  });

  const ask = (): Promise<unknown> => client.ask('SELECT 1', [], undefined);
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
  ])('gives a statement up at its limit, with the connection: %s', async (_, later) => {
    await ask();
    jest.advanceTimersByTime(later);
    const end = ends(ask());

    jest.advanceTimersByTime(limit - 1);
    expect(await end()).toBe('none yet');
    jest.advanceTimersByTime(1);
    expect(await end()).toBe('Error: Query read timeout');
    await server.left();
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
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    const broke = new Promise((resolve) => client.once('end', resolve));
    await server.close();
    await broke;
    const told = errors.length;

    jest.advanceTimersByTime(limit);
    expect(await end()).not.toBe('none yet');
    expect(errors).toHaveLength(told);
  });
});
