import pg from 'pg';
import { ownsPostgres } from '../lab/databases/postgres.server.js';
import type { ServerKind } from './server-kind.js';
import { postgresDatabases } from './test-database.js';

const sessions = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;

export const postgresqlKind: ServerKind = {
  name: 'PostgreSQL',
  here: ownsPostgres,
  reason: 'TEST_POSTGRES_URL names a server that must not be harmed',
  start: () => postgresDatabases(),
  stringSetting: 'postgreSqlConnectionString',
  poolSize: 'Maximum Pool Size',
  hold: async (url, sql) => {
    const client = new pg.Client({ connectionString: url });
    // A test may end this session with all others.
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await client.query('BEGIN');
    await client.query(sql);
    let ended: Promise<void> | undefined;
    return {
      run: (text) => client.query(text),
      rowWaiters: `SELECT pid FROM pg_stat_activity WHERE ${rows[0]?.pid ?? 0} = ANY(pg_blocking_pids(pid))`,
      end: () => (ended ??= client.end().catch(() => undefined)),
    };
  },
  lockMembers: 'LOCK TABLE "UserKeys" IN ACCESS EXCLUSIVE MODE',
  lockMembersForReads: 'LOCK TABLE "UserKeys" IN SHARE MODE',
  endOthers: `SELECT pg_terminate_backend(pid) ${sessions}`,
  others: `SELECT pid AS id ${sessions}`,
  waiting: `SELECT pid AS id ${sessions} AND wait_event_type = 'Lock'`,
  waitingForTable: `SELECT pid AS id ${sessions} AND wait_event_type = 'Lock' AND wait_event = 'relation'`,
  end: (id) => `SELECT pg_terminate_backend(${id})`,
};
