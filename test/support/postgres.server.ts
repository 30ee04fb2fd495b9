import type { PostgresOptions, PostgresServer } from './postgres.contract.ts';
import { hostedDatabase } from './postgres.hosted.ts';
import { LocalPostgres } from './postgres.local.ts';

export type { PostgresOptions, PostgresServer } from './postgres.contract.ts';

/**
 * True when `startPostgres` starts a server of its own, which a test may kill and freeze. False with
 * TEST_POSTGRES_URL, which names a running server on which each call makes a database.
 */
export const ownsPostgres = process.env['TEST_POSTGRES_URL'] === undefined;

/** Starts a real PostgreSQL on 127.0.0.1 and a free port, in a temporary folder; call `stop` when done. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const hosted = process.env['TEST_POSTGRES_URL'];
  return hosted === undefined ? LocalPostgres.start(options) : hostedDatabase(hosted);
}
