import type { PostgresOptions, PostgresServer } from './postgres.contract.ts';
import { hostedDatabase } from './postgres.hosted.ts';
import { LocalPostgres } from './postgres.local.ts';

export type { PostgresOptions, PostgresServer } from './postgres.contract.ts';

// Blank counts as not given: a CI matrix sets the variable for some of its rows only.
const given = process.env['TEST_POSTGRES_URL'];
const hostedUrl = given === '' ? undefined : given;

/**
 * True when `startPostgres` starts a server of its own, which a test may kill and freeze. False with
 * TEST_POSTGRES_URL, which names a running server on which each call makes a database.
 */
export const ownsPostgres = hostedUrl === undefined;

/** Starts a real PostgreSQL on 127.0.0.1 and a free port, in a temporary folder; call `stop` when done. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  return hostedUrl === undefined ? LocalPostgres.start(options) : hostedDatabase(hostedUrl);
}
