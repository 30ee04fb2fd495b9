import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { UnavailableError, type UserId } from '@key-connector/common';
import type { Database } from '@key-connector/database';
import { newId, type OpenDatabase, openDatabase, put } from '../database/open-database.js';
import { type Standby, standbyOf } from '../database/standby.js';
import { type Pgpool, pgpoolTool, startPgpool } from '../lab/databases/pgpool.server.js';
import { type Haproxy, haproxyTool, startHaproxy } from '../lab/databases/haproxy.server.js';
import { ownsPostgres, type PostgresServer, startPostgres } from '../lab/databases/postgres.server.js';
import { until } from '../lab/processes/until.js';
import { describeIf, testIf } from '../lab/skip/skip.js';

const promoted =
  'behind HAProxy, a standby that is promoted under load is gone on with, and every acknowledged key is read afterwards';
const noStandby = 'TEST_POSTGRES_URL names a server that has no standby of ours';

describeIf(ownsPostgres, noStandby, 'a primary and its standby', () => {
  let primary: PostgresServer;
  let standby: Standby;
  let front: Haproxy | Pgpool | undefined;
  let opened: OpenDatabase | undefined;

  const openThrough = async (through: Haproxy | Pgpool): Promise<Database> => {
    front = through;
    const string = `Host=127.0.0.1;Port=${through.port};Database=${primary.database};Username=postgres`;
    opened = await openDatabase({ provider: 'postgresql', postgreSqlConnectionString: string });
    return opened.database;
  };

  beforeAll(async () => {
    primary = await startPostgres();
    standby = await standbyOf(primary);
    await primary.restart();
    // What is acknowledged stands at the standby too.
    await primary.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await primary.query('SELECT pg_reload_conf()');
    const streaming = `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`;
    await until(async () => (await primary.query(streaming)).length === 1, 'the standby follows');
  });
  afterEach(async () => {
    await opened?.close();
    await front?.stop();
    opened = undefined;
    front = undefined;
  });
  afterAll(async () => {
    await standby.stop();
    await primary.stop();
  });

  testIf(
    pgpoolTool.installed,
    pgpoolTool.reason,
    'behind pgpool-II with load_balance_mode=off no read goes to the standby, which is behind',
    async () => {
      const database = await openThrough(await startPgpool([primary.port, standby.port], { load_balance_mode: 'off' }));
      await standby.query('SELECT pg_wal_replay_pause()');
      for (let n = 0; n < 20; n += 1) {
        const member = new Member(database);
        await member.store();
        expect(member.possible).toContain(await member.read());
      }
      await standby.query('SELECT pg_wal_replay_resume()');
    },
  );

  testIf(haproxyTool.installed, haproxyTool.reason, promoted, async () => {
    const database = await openThrough(await startHaproxy(primary.port, standby.port));
    const members = Array.from({ length: 20 }, () => new Member(database));
    for (const member of members) await member.store();
    let over = false;
    const load = Promise.all(
      members.map(async (member) => {
        while (!over) await member.store();
      }),
    );
    await primary.crash();
    await standby.query('SELECT pg_promote()');
    const before = members.map(({ stored }) => stored);
    const storedSince = (): boolean => members.every(({ stored }, n) => stored > (before[n] ?? 0));
    try {
      await until(storedSince, 'each stores a key at the new primary');
    } finally {
      over = true;
      await load;
    }
    for (const member of members) expect(member.possible).toContain(await member.read());
  });
});

/** A member with one write at a time. */
class Member {
  /** The last acknowledged key, and those whose write failed since: one of them may be done all the same. */
  readonly possible = new Set<string>();
  stored = 0;
  private readonly id: UserId = newId();

  constructor(private readonly database: Database) {}

  async store(): Promise<void> {
    const value = randomUUID();
    try {
      await put(this.database, this.id, value);
      this.possible.clear();
      this.stored += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(UnavailableError);
    }
    this.possible.add(value);
  }

  async read(): Promise<string | undefined> {
    return (await this.database.read(({ userKeys }) => userKeys.find([this.id])))[0]?.value;
  }
}
