import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import { DatabaseUnavailable, type Database } from '@key-connector/database';
import { type FaultProxy, faultProxyTool, startFaultProxy } from '../support/fault-proxy.js';
import { ownsMariadb } from '../support/mariadb.server.js';
import { ownsPostgres } from '../support/postgres.server.js';
import { testIf } from '../support/skip.js';
import { newId, put, useDatabases } from './open-database.js';
import { mysqlDatabases, postgresDatabases, type TestDatabases } from './test-database.js';

/** A server that can be put behind a proxy, and the settings that lead through it. */
interface Kind {
  readonly kind: string;
  readonly possible: boolean;
  readonly start: () => Promise<TestDatabases & { readonly server: { readonly port: number } }>;
  readonly through: (settings: Readonly<Record<string, string>>, port: number) => Record<string, string>;
}

const kinds: readonly Kind[] = [
  {
    kind: 'PostgreSQL',
    possible: ownsPostgres,
    start: postgresDatabases,
    through: (settings: Readonly<Record<string, string>>, port: number): Record<string, string> => {
      const url = new URL(settings['postgreSqlConnectionString'] ?? '');
      url.port = String(port);
      return { postgreSqlConnectionString: url.toString() };
    },
  },
  {
    kind: 'MariaDB',
    possible: ownsMariadb,
    start: mysqlDatabases,
    through: (settings: Readonly<Record<string, string>>, port: number): Record<string, string> => {
      const url = new URL(settings['mySqlConnectionString'] ?? '');
      url.port = String(port);
      return { mySqlConnectionString: url.toString() };
    },
  },
];

/** Long enough for many network packets, so that an answer can break off in its middle. */
const longValue = 'v'.repeat(200_000);

describe.each(kinds)('a bad network before $kind', ({ possible, start, through }) => {
  const suite = useDatabases(start);
  let proxy: FaultProxy | undefined;
  let database: Database;
  const id = newId();

  const there = (): FaultProxy => {
    if (proxy === undefined) throw new Error('the proxy is there once a test runs');
    return proxy;
  };
  const valueOf = async (member: UserId): Promise<string | undefined> =>
    (await database.read(() => database.userKeys.find([member])))[0]?.value;
  const check = (name: string, body: () => Promise<void>): void => {
    testIf(possible && faultProxyTool.installed, faultProxyTool.reason, name, body);
  };

  beforeEach(async () => {
    if (!possible || !faultProxyTool.installed) return;
    proxy = await startFaultProxy(suite.databases.server.port);
    const limits = { statementTimeoutSeconds: '1', acquireTimeoutSeconds: '1' };
    database = await suite.open({ ...through(suite.place.settings, proxy.port), ...limits });
    await put(database, id, longValue);
  });
  afterEach(() => proxy?.stop());

  check('an answer that breaks off in its middle is never taken for a whole one', async () => {
    await there().breakOffAfter(100_000);
    await expect(valueOf(id)).rejects.toThrow(DatabaseUnavailable);
    await there().heal();
    expect(await valueOf(id)).toBe(longValue);
  });

  check('connections that were cut while idle cost a read nothing', async () => {
    await Promise.all(Array.from({ length: 8 }, () => valueOf(id)));
    await there().cut();
    await there().heal();
    expect(await valueOf(id)).toBe(longValue);
  });

  check('a reset in an answer is unavailable, and over when the network is good again', async () => {
    await there().reset();
    await expect(valueOf(id)).rejects.toThrow(DatabaseUnavailable);
    await there().heal();
    expect(await valueOf(id)).toBe(longValue);
  });

  check('a network that goes silent costs one deadline, and no connection of that time is used again', async () => {
    await there().stall();
    const started = performance.now();
    await expect(valueOf(id)).rejects.toThrow(DatabaseUnavailable);
    await expect(put(database, newId(), 'x')).rejects.toThrow(DatabaseUnavailable);
    // Far from a time-out of TCP, which would be minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
    await there().heal();
    expect(await valueOf(id)).toBe(longValue);
  });
});
