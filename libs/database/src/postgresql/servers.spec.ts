import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { followingPool } from './following-pool.js';
import type { Target } from './probe.js';
import { Servers } from './servers.js';
import { PostgresqlSessions } from './session.js';

const [a, b] = [
  { host: 'a', port: 1 },
  { host: 'b', port: 1 },
];

describe('a search for the primary', () => {
  const pool = { ending: false, serverChanged: () => undefined };
  let searches: number;
  let found: Target | undefined;
  let servers: Servers;
  let warn: ReturnType<typeof jest.spyOn>;

  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    searches = 0;
    found = undefined;
    pool.ending = false;
    servers = new Servers([a, b], () => {
      searches += 1;
      return found ? Promise.resolve(found) : Promise.reject(new Error('down'));
    });
    servers.follow(pool);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  test('comes at most once a second when all servers are down, and is told once', async () => {
    for (let millisecond = 0; millisecond < 3500; millisecond += 10) {
      servers.search();
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(searches).toBe(4);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test('goes on by itself while a standby is used, and ends with the pool', async () => {
    found = { options: b, standby: true };
    await servers.choose();
    await jest.advanceTimersByTimeAsync(4100);
    expect(searches).toBe(3);
    expect(servers.uses(b)).toBe(true);
    pool.ending = true;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(searches).toBe(3);
  });

  test('is not made for a pool that never opened', async () => {
    const unused = new Servers([a, b], () => {
      searches += 1;
      return Promise.reject(new Error('down'));
    });
    const failed = new (followingPool(unused, new PostgresqlSessions('nowhere', 'keys')))({});
    unused.search();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(searches).toBe(0);
    unused.follow(failed);
    unused.search();
    await jest.advanceTimersByTimeAsync(1000);
    expect(searches).toBe(1);
  });

  test('ends when the primary is found', async () => {
    found = { options: b, standby: true };
    await servers.choose();
    found = { options: a, standby: false };
    await jest.advanceTimersByTimeAsync(60_000);
    expect(searches).toBe(2);
    expect(servers.uses(a)).toBe(true);
  });
});
