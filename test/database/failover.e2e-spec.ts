import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import { DatabaseReadOnly, type Database } from '@key-connector/database';
import { ownsPostgres, startPostgres, type PostgresServer } from '../lab/databases/postgres.server.js';
import { testIf } from '../lab/skip/skip.js';
import { until } from '../lab/processes/until.js';
import { newId, openDatabase, put, type OpenDatabase } from './open-database.js';
import { standbyOf, type Standby } from './standby.js';

describe('a primary and its standby', () => {
  let primary: PostgresServer;
  let standby: Standby;
  let opened: OpenDatabase | undefined;
  const id = newId();

  const valueOf = async (database: Database, member: UserId): Promise<string | undefined> =>
    (await database.read(({ userKeys }) => userKeys.find([member])))[0]?.value;
  const open = async (...ports: number[]): Promise<Database> => {
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
    const string = `Host=${hosts};Database=keys;Username=postgres;Maximum Pool Size=4`;
    opened = await openDatabase({ provider: 'postgresql', postgreSqlConnectionString: string });
    return opened.database;
  };
  const connectionsTo = async (server: Pick<Standby, 'query'>): Promise<number> =>
    (await server.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'key-connector'`)).length;

  /** Reads alone may share fewer connections than the pool has room for. */
  const fillPool = async (): Promise<void> => {
    if (opened === undefined) throw new Error('a database is open before its pool is filled');
    const { source } = opened;
    const runners = Array.from({ length: 4 }, () => source.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.query('SELECT 1')));
    await Promise.all(runners.map((runner) => runner.release()));
  };

  beforeAll(async () => {
    if (!ownsPostgres) return;
    primary = await startPostgres();
    await put(await open(primary.port), id, 'old');
    await opened?.close();
    standby = await standbyOf(primary);
  });
  afterEach(async () => {
    await opened?.close();
    opened = undefined;
  });
  afterAll(async () => {
    if (!ownsPostgres) return;
    await standby.stop();
    await primary.stop();
  });

  const check = (name: string, body: () => Promise<void>): void => {
    testIf(ownsPostgres, 'TEST_POSTGRES_URL names a server that has no standby of ours', name, body);
  };

  check(
    'once the primary is back it is used without a failure to tell, and no read is older than a write',
    async () => {
      await primary.kill('SIGINT');
      const database = await open(primary.port, standby.port);
      const reads = (): Promise<(string | undefined)[]> =>
        Promise.all(Array.from({ length: 8 }, () => valueOf(database, id)));
      expect(new Set(await reads())).toEqual(new Set(['old']));
      await fillPool();
      expect(await connectionsTo(standby)).toBe(4);

      // From here on the standby is behind the primary, so a read that still went there would show.
      await standby.query('SELECT pg_wal_replay_pause()');
      await primary.restart();
      await until(async () => (await connectionsTo(standby)) === 0, 'the standby is left, with nothing but time');
      for (let n = 1; n <= 50; n += 1) {
        await put(database, id, String(n));
        expect(new Set(await reads())).toEqual(new Set([String(n)]));
      }
      await standby.query('SELECT pg_wal_replay_resume()');
    },
  );

  check('a connection that is busy on the standby while the primary is found goes when it is released', async () => {
    await primary.kill('SIGINT');
    const database = await open(primary.port, standby.port);
    await expect(put(database, id, 'refused')).rejects.toThrow(DatabaseReadOnly);
    const busy = opened?.source.createQueryRunner();
    await busy?.query('SELECT 1');
    await primary.restart();
    await until(
      () =>
        put(database, id, 'new').then(
          () => true,
          () => false,
        ),
      'the primary takes a write',
    );
    expect(await busy?.query('SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: true }]);
    expect(await connectionsTo(standby)).toBe(1);
    await busy?.release();
    await until(async () => (await connectionsTo(standby)) === 0, 'the standby is left');
    expect(await valueOf(database, id)).toBe('new');
  });
});
