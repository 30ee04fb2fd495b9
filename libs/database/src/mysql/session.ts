import type { PoolConnection } from 'mysql2';

/** What a session is begun with. */
interface SessionOptions {
  readonly statementSeconds: number;
  readonly staleReads: boolean;
}

type Begun = (error: Error | null) => void;

/** Gets a new connection ready for statements; an error says that it must not be used. */
export function beginSession(connection: PoolConnection, options: SessionOptions, begun: Begun): void {
  connection.query(sessionStatement(options.statementSeconds), (error) => {
    if (error || options.staleReads) begun(error);
    else waitForCluster(connection, begun);
  });
}

/**
 * What every session is told, whatever the server's defaults are: each statement commits, wrong data is an error, times
 * are UTC, every row that was asked for is given, no wait for a lock outlives the statement. MySQL limits reads by
 * max_execution_time and writes by their locks; MariaDB has max_statement_time for both. The isolation level is the
 * server's: no statement of ours depends on it, and READ COMMITTED would be refused where the binary log is written by
 * statement.
 */
const sessionStatement = (seconds: number): string =>
  `SET SESSION autocommit = 1, sql_mode = 'TRADITIONAL', time_zone = '+00:00', foreign_key_checks = 1,
   sql_select_limit = 18446744073709551615, innodb_lock_wait_timeout = ${seconds}, lock_wait_timeout = ${seconds}
   /*!80000 , max_execution_time = ${seconds * 1000} */ /*M!100600 , max_statement_time = ${seconds} */`;

/**
 * At a node of a Galera cluster, a read waits until the node has applied what the others had acknowledged before it (bit 0
 * of wsrep_sync_wait). Servers without Galera do not know the variables, and answer this question all the same.
 */
function waitForCluster(connection: PoolConnection, begun: Begun): void {
  connection.query<never>(`SHOW VARIABLES LIKE 'wsrep_on'`, (error, rows: readonly { readonly Value?: unknown }[]) => {
    if (error || rows[0]?.Value !== 'ON') begun(error);
    else connection.query('SET SESSION wsrep_sync_wait = @@SESSION.wsrep_sync_wait | 1', begun);
  });
}
