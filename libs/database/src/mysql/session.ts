import type { PoolConnection } from 'mysql2';
import type { SessionFault, SessionFaults } from '../dialect/session.js';

/** What a session is begun with. */
interface SessionOptions {
  readonly statementSeconds: number;
  /** Hears what the session is not, of what it was told to be; without it, it is not asked. */
  readonly faults?: SessionFaults | undefined;
  readonly driver: { readonly database?: string | undefined };
}

/**
 * Whether the session's reads wait for its cluster, and what of them they had waited for by the server's own settings.
 */
export interface ClusterWait {
  readonly own: number;
}

type Begun = (error: Error | null, wait?: ClusterWait) => void;

/** Gets a new connection ready for statements; an error says that it must not be used. */
export function beginSession(connection: PoolConnection, options: SessionOptions, begun: Begun): void {
  connection.query(sessionStatement(options.statementSeconds), (error) => {
    if (error) begun(error);
    else if (options.faults === undefined) waitForCluster(connection, begun);
    else ask(connection, options, options.faults, begun);
  });
}

/**
 * How long a session may say nothing: the server's own eight hours are how long it would keep the locks of a host that
 * died. Longer than the pool keeps an idle connection.
 */
const silentSeconds = 60;

/**
 * What every session is told, whatever the server's defaults are: each statement commits, and what is committed begins
 * nothing new, only what is committed is read, wrong data is an error, times are UTC, every row that was asked for is
 * given, no wait for a lock outlives the statement. MySQL limits reads by max_execution_time and writes by their locks;
 * MariaDB has max_statement_time for both. Not READ COMMITTED: writes would be refused where the binary log is written
 * by statement.
 */
const sessionStatement = (seconds: number): string =>
  `SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;
   SET SESSION autocommit = 1, completion_type = 0, sql_mode = 'TRADITIONAL', time_zone = '+00:00',
   foreign_key_checks = 1, sql_select_limit = 18446744073709551615, wait_timeout = ${silentSeconds},
   innodb_lock_wait_timeout = ${seconds}, lock_wait_timeout = ${seconds}
   /*!80000 , max_execution_time = ${seconds * 1000} */ /*M!100600 , max_statement_time = ${seconds} */`;

/**
 * At a node of a Galera cluster, a read waits until the node has applied what the others had acknowledged before it
 * (bit 0 of wsrep_sync_wait). Servers without Galera do not know the variables, and answer this question all the same.
 */
function waitForCluster(connection: PoolConnection, begun: Begun): void {
  const question = `SHOW SESSION VARIABLES WHERE Variable_name IN ('wsrep_on', 'wsrep_sync_wait')`;
  connection.query<never>(question, (error, rows: readonly Variable[] | undefined) => {
    const values = valuesOf(rows ?? []);
    if (error || values.get('wsrep_on') !== 'ON') begun(error);
    else {
      const own = Number(values.get('wsrep_sync_wait'));
      connection.query(syncWait(own | 1), (failure) => {
        begun(failure, { own });
      });
    }
  });
}

const syncWait = (bits: number): string => `SET SESSION wsrep_sync_wait = ${bits}`;

/**
 * The message of a read that may be stale, whose rows are the third result. Not the first: ProxySQL would take all for
 * a SET.
 */
export const staleRead = ({ own }: ClusterWait, read: string): string =>
  `DO 0; ${syncWait(own)}; ${read}; ${syncWait(own | 1)}`;

/** What decides where rows are read, whether all of them are given as they are, and whether what is written is kept. */
export interface Decisive {
  readonly place: string | null;
  readonly autocommit: string | number;
  readonly selectLimit: string | number;
  readonly completion: string | number;
  readonly isolation: string;
  readonly sqlMode: string;
}

/** The products name the isolation level differently; it is empty where something takes the comments out. */
export const decisiveColumns = `DATABASE() AS place, @@SESSION.autocommit AS autocommit,
  @@SESSION.sql_select_limit AS selectLimit, @@SESSION.completion_type AS completion, @@SESSION.sql_mode AS sqlMode,
  CONCAT('' /*!80000 , @@SESSION.transaction_isolation */ /*M!100600 , @@SESSION.tx_isolation */) AS isolation`;

/** Servers do not know all of these, and answer this question all the same. */
const others = [
  ...['sql_mode', 'time_zone', 'foreign_key_checks', 'innodb_lock_wait_timeout', 'lock_wait_timeout', 'wait_timeout'],
  ...['max_execution_time', 'max_statement_time', 'transaction_read_only', 'tx_read_only'],
];

const question = `SELECT ${decisiveColumns};
  SHOW SESSION VARIABLES WHERE Variable_name IN (${others.map((name) => `'${name}'`).join(', ')})`;

interface Variable {
  readonly Variable_name: string;
  readonly Value: string;
}

type Answer = readonly [readonly Decisive[], readonly Variable[]];

/** Values by the names of variables in lower case; what a proxy answers by itself may be no variable. */
const valuesOf = (rows: readonly Partial<Variable>[]): ReadonlyMap<string, string> =>
  new Map(
    rows.flatMap(({ Variable_name: name, Value: value }): [string, string][] =>
      name === undefined || value === undefined ? [] : [[name.toLowerCase(), value]],
    ),
  );

/** A proxy may keep what a session was told to itself, or give the connection another session. */
function ask(connection: PoolConnection, options: SessionOptions, faults: SessionFaults, begun: Begun): void {
  connection.query<never>(question, (error, answer: Answer) => {
    if (error) {
      begun(error);
      return;
    }
    const [decisive, variables] = answer;
    const values = valuesOf(variables);
    try {
      const found = decisive.flatMap((one) => decisiveFaults(one, options.driver.database));
      faults.hear([...found, ...otherFaults(values, options.statementSeconds)]);
    } catch (wrong) {
      begun(wrong as Error);
      return;
    }
    waitForCluster(connection, begun);
  });
}

/** What a session must not be; also asked by every ping. */
export function decisiveFaults(
  { place, autocommit, selectLimit, completion, isolation, sqlMode }: Decisive,
  database = '',
): SessionFault[] {
  const faults: SessionFault[] = [];
  const fault = (about: string, problem: string): void => void faults.push({ about, decisive: true, problem });
  // Where file names do not tell case apart, a server may give the name as it has it.
  if (place?.toLowerCase() !== database.toLowerCase()) {
    fault(
      'database',
      `The session is in ${place === null ? 'no database' : `the database "${place}"`}, not in "${database}" as the connection ` +
        'string says, so members would be looked for there. Look at the proxy’s default schema and rules for this user.',
    );
  }
  if (Number(autocommit) !== 1) {
    fault(
      'autocommit',
      'The session does not commit each statement (autocommit is off, although it was set), so no key would be kept. ' +
        'Let the proxy pass SET SESSION on, and pin the session that it is for.',
    );
  }
  // Of 64 bits without a sign: a number of this language has lost some of them.
  if (Number(selectLimit) < 2 ** 32) {
    fault(
      'sql_select_limit',
      `The session gives at most ${selectLimit} rows (sql_select_limit), although none was set: members would not be found. ` +
        'Take the limit out of the server, or let the proxy pass SET SESSION on.',
    );
  }
  if (!/^(0|NO_CHAIN)$/.test(String(completion))) {
    fault(
      'completion_type',
      `The session begins a transaction, or ends, behind each transaction (completion_type is ${completion}, although it was ` +
        'set to 0), so old keys would be read and none be kept. Let the proxy pass SET SESSION on.',
    );
  }
  if (isolation === 'READ-UNCOMMITTED') {
    fault(
      'isolation level',
      'The session reads what is not committed (READ UNCOMMITTED, although REPEATABLE READ was set), so members would be ' +
        'given keys that are never kept. Let the proxy pass SET SESSION TRANSACTION on.',
    );
  }
  if (sqlMode.includes('NO_BACKSLASH_ESCAPES')) {
    fault(
      'backslashes',
      'The session reads no backslash as an escape (sql_mode has NO_BACKSLASH_ESCAPES, although another one was set), and ' +
        'texts are escaped so. Let the proxy pass SET SESSION on, or take it out of the server’s sql_mode.',
    );
  }
  return faults;
}

function otherFaults(values: ReadonlyMap<string, string>, seconds: number): SessionFault[] {
  const is = (wanted: string) => (value: string) => value === wanted;
  const atMost = (limit: number) => (value: string) => Number(value) > 0 && Number(value) <= limit;
  const wanted: readonly (readonly [name: string, good: (value: string) => boolean])[] = [
    ['sql_mode', (value) => value.includes('STRICT_')],
    ['time_zone', is('+00:00')],
    ['foreign_key_checks', is('ON')],
    ['innodb_lock_wait_timeout', atMost(seconds)],
    ['lock_wait_timeout', atMost(seconds)],
    ['wait_timeout', atMost(silentSeconds)],
    ['max_execution_time', atMost(seconds * 1000)],
    ['max_statement_time', atMost(seconds)],
    ['transaction_read_only', is('OFF')],
    ['tx_read_only', is('OFF')],
  ];
  return wanted.flatMap(([name, good]) => {
    const value = values.get(name);
    if (value === undefined || good(value)) return [];
    return [
      {
        about: name,
        decisive: false,
        problem: `its ${name} is ${value}. Look at the server, and at the proxy before it.`,
      },
    ];
  });
}
