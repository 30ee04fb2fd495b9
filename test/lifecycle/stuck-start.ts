import pg from 'pg';
import type { PostgresServer } from '../support/postgres.server.js';
import { until } from '../support/until.js';

/** The service's own lock, see libs/database: one a database, for migrations and for the first data key. */
const SERVICE_LOCK = 'SELECT pg_advisory_lock(30229461374070382)';

/** Where a start is made to stand still, and how: what this SQL takes, the start needs next. */
export const migrationStops: readonly (readonly [where: string, hold: string])[] = [
  ['before the migration, waiting for the lock', SERVICE_LOCK],
  // Not committed, so that nobody sees it; another CREATE of that name waits to learn whether it will be.
  ['inside the first migration', 'CREATE TABLE "UserKeys" ("Id" uuid)'],
  ['inside the second migration', 'CREATE TABLE "DataKeyWrappings" ("Id" uuid)'],
];

/** The same for a database that is migrated and has no data key. */
export const dataKeyStops: readonly (readonly [where: string, hold: string])[] = [
  ['before the data key, waiting for the lock', SERVICE_LOCK],
  ['with the data key inserted, but not its wrapping', 'LOCK TABLE "DataKeyWrappings" IN SHARE MODE'],
];

/** Runs `work` while a connection of the test holds what `hold` takes. */
export async function whileHolding(postgres: PostgresServer, hold: string, work: () => Promise<void>): Promise<void> {
  const holder = new pg.Client({ connectionString: postgres.url });
  await holder.connect();
  try {
    await holder.query('BEGIN');
    await holder.query(hold);
    await work();
  } finally {
    // Rolls back, and frees the lock of the session.
    await holder.end();
  }
}

/** Waits until this many connections to the database wait for a lock: one behind the test's, the others behind that one. */
export async function untilStuck(postgres: PostgresServer, connections: number): Promise<void> {
  const stuck = `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE NOT granted AND datname = current_database()`;
  await until(
    async () => (await postgres.query(stuck)).length === connections,
    `${connections} starts wait for a lock`,
    30_000,
  );
}

/** Waits until the server has done away with the connections of dead processes. */
export async function untilAlone(postgres: PostgresServer): Promise<void> {
  const others = 'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
  await until(async () => (await postgres.query(others)).length === 0, 'the dead connections are gone');
}
