import type { MariadbOptions, MariadbServer } from './mariadb.contract.ts';
import { hostedDatabase } from './mariadb.hosted.ts';
import { LocalMariadb, mariadb } from './mariadb.local.ts';

export type { MariadbOptions, MariadbServer } from './mariadb.contract.ts';

// Blank counts as not given: a CI matrix sets the variable for some of its rows only.
const given = process.env['TEST_MYSQL_URL'];
const hostedUrl = given === '' ? undefined : given;

/**
 * True when `startMariadb` starts a server of its own, which a test may kill and freeze. False with TEST_MYSQL_URL,
 * which names a running MySQL or MariaDB on which each call makes a database.
 */
export const ownsMariadb = hostedUrl === undefined && mariadb.installed;

/** Whether there is any server to test on; `mysqlReason` says why not. */
export const hasMysql = hostedUrl !== undefined || mariadb.installed;

/** Why tests are skipped: there is no server, or none that may be harmed. */
export const mysqlReason =
  hostedUrl === undefined ? mariadb.reason : 'TEST_MYSQL_URL names a server that must not be harmed';

/** Starts a real MariaDB on 127.0.0.1 and a free port, in a temporary folder; call `stop` when done. */
export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  return hostedUrl === undefined ? LocalMariadb.start(options) : hostedDatabase(hostedUrl);
}
