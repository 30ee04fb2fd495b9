import { driverErrorOf, type DriverError } from '../errors/driver-error.js';
import { networkFailureOf, type Failure } from '../errors/failure.js';

/** Error numbers of MySQL and MariaDB ("Server Error Message Reference" of either) by what they mean to a caller. */
const numbers: readonly (readonly [failure: Failure | undefined, ...numbers: readonly number[]])[] = [
  // A deadlock's victim (or a write that Galera could not certify), a row that changed under a snapshot (MariaDB), a
  // transaction that group replication rolled back.
  ['rolled-back', 1213, 1020, 3101],
  // A lock that was not got in time.
  ['locked', 1205],
  // --read-only, a read-only transaction, read-only mode; the table, the disk or a file is full.
  ['read-only', 1290, 1792, 1836, 1874, 1021, 1026, 1114],
  // Shutdown, killed connection, network errors as the server saw them, idle timeout; 2006 and 2013 come from proxies.
  ['connection-lost', 1053, 1927, 3169, 4031, 1152, 1158, 1159, 1160, 1161, 1184, 2006, 2013],
  // A node that is not, or no longer, part of its cluster: Galera outside of the primary component (also at a commit),
  // group replication in its states OFFLINE and ERROR, or without a majority.
  ['connection-lost', 1047, 1180, 3100, 3781, 3782, 3783, 3797, 3798],
  // No place for one more connection: a second try at once would meet the same.
  ['unavailable', 1040],
  // Our own mistakes, whose messages quote values: syntax, wrong values, data that does not fit.
  [undefined, 1064, 1265, 1292, 1366, 1411, 1525, 3819, 4025],
];

const byErrno = new Map(numbers.flatMap(([failure, ...group]) => group.map((number) => [number, failure] as const)));

/** Codes of mysql2 itself, by what they mean. */
const codes: readonly (readonly [pattern: RegExp, failure: Failure])[] = [
  [/^PROTOCOL_SEQUENCE_TIMEOUT$/, 'unavailable'],
  [/^PROTOCOL_/, 'connection-lost'],
  [/^(HANDSHAKE_|AUTH_SWITCH_|MYSQL_CLEAR_PASSWORD_)/, 'unavailable'],
];

/** Errors of mysql2 and TypeORM that carry no code. */
const messages: readonly (readonly [pattern: RegExp, failure: Failure])[] = [
  [/^(Can't add new command when connection is in closed state|Can't write in closed state)/, 'connection-lost'],
  [/^(Pool is closed|Connection is not established|Driver not Connected)/, 'unavailable'],
];

/**
 * What an error of mysql2, the network or TLS means; `undefined` when it is none of theirs.
 */
export function mysqlFailureOf(error: unknown): Failure | undefined {
  const cause = driverErrorOf(error);
  if (cause === undefined) return undefined;
  if (cause.fromServer) return serverFailure(cause);
  const { code, message, fatal } = cause;
  const [, known] = (code === undefined ? messages : codes).find(([pattern]) => pattern.test(code ?? message)) ?? [];
  // mysql2 marks what broke a connection, such as an answer that it cannot read.
  return known ?? networkFailureOf(cause) ?? (fatal ? 'connection-lost' : undefined);
}

/** Whether an error says that the connection broke, or leads to a server that has left its cluster. */
export const isConnectionLost = (error: unknown): boolean => mysqlFailureOf(error) === 'connection-lost';

/**
 * Whether a login was refused because there are connections enough: of the server, of this user, or as a resource of
 * its.
 */
export const isRefusedForRoom = (error: unknown): boolean =>
  [1040, 1203, 1226].includes(driverErrorOf(error)?.errno ?? 0);

/** A wait for a lock, or for what the cluster has acknowledged, and a statement that were ended at their deadline. */
const deadlines: readonly (number | undefined)[] = [1205, 1969, 3024];

/**
 * Whether an error says that another server could do better, where a name or a balancer leads to several: this one
 * takes no writes, has left its cluster, or keeps statements waiting.
 */
export function isLeft(error: unknown): boolean {
  const failure = mysqlFailureOf(error);
  return failure === 'read-only' || failure === 'connection-lost' || deadlines.includes(driverErrorOf(error)?.errno);
}

function serverFailure({ errno = 0, sqlState = '' }: DriverError): Failure | undefined {
  if (byErrno.has(errno)) return byErrno.get(errno);
  // SQLSTATE classes 22 and 23: data exception, constraint violation. 08: connection exception.
  if (/^2[23]/.test(sqlState)) return undefined;
  return sqlState.startsWith('08') ? 'connection-lost' : 'unavailable';
}

/** Whether the server refuses user or password: ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR. */
export const isLoginRefusal = (error: unknown): boolean => [1045, 1698].includes(driverErrorOf(error)?.errno ?? 0);
