import { driverErrorOf } from '../errors/driver-error.js';
import { networkFailureOf, type Failure } from '../errors/failure.js';

/** Primary key or unique index, which count as one: the row is there already. */
const duplicateKey = /^(2627|2601)$/;

/** Error numbers of SQL Server (sys.messages) by what they mean to a caller; the first match counts. */
const numbers: readonly (readonly [pattern: RegExp, failure: Failure | undefined])[] = [
  [/^(1205|3960)$/, 'rolled-back'], // deadlock victim, snapshot conflict
  [/^1222$/, 'locked'], // lock request time-out
  [/^(3906|3908|1101|1105|9002|40544)$/, 'read-only'], // read-only database; file, log or size quota full
  [/^(596|6005)$/, 'connection-lost'], // session killed, shutdown in progress
  // A database that is elsewhere now, or for a moment nowhere: not yet recovered, restoring, in transition, a mirror;
  // availability groups (not readable, read intent only, not in its role); Azure SQL (moved, failed over, dropped while
  // busy).
  [/^(921|922|927|952|954|955|976|978|979|982|983|40143|40197|40540|40613)$/, 'connection-lost'],
  [duplicateKey, undefined],
  // Constraint, null, truncation, conversion, syntax: our own mistakes.
  [/^(547|515|2628|8152|8169|24[125]|811[45]|10[25]|13[78]|156)$/, undefined],
  [/^\d+$/, 'unavailable'],
];

/** Codes of mssql and tedious; messages where they have none. */
const drivers: readonly (readonly [pattern: RegExp, failure: Failure | undefined])[] = [
  [/^EABORT\b/, 'rolled-back'],
  [/^(ECLOSE|EINVALIDSTATE)\b/, 'connection-lost'],
  // A connection that breaks while a statement runs; one that cannot be opened says "Failed to connect".
  [/^(ESOCKET|EREQUEST) Connection lost\b/, 'connection-lost'],
  [/^(EREQUEST|EPARAM|EARGS|EINJECT|EREQINPROG)\b/, undefined],
  [/^ (Failed to acquire a connection|operation timed out|Driver not Connected|aborted)/, 'unavailable'],
];

/** What an error of mssql, tedious, the network or TLS means; `undefined` when it is none of theirs. */
export function sqlserverFailureOf(error: unknown): Failure | undefined {
  const cause = driverErrorOf(error);
  if (cause === undefined) return undefined;
  const { code = '', message, fromServer } = cause;
  const known = fromServer
    ? numbers.find(([pattern]) => pattern.test(code))
    : drivers.find(([pattern]) => pattern.test(`${code} ${message}`));
  return known ? known[1] : networkFailureOf(cause);
}

/** Whether a statement failed because a row with this key is there already. */
export function isDuplicateKey(error: unknown): boolean {
  const { code = '', fromServer = false } = driverErrorOf(error) ?? {};
  return fromServer && duplicateKey.test(code);
}

/**
 * Whether a login was refused because there are connections enough: of the server (17809), by a logon trigger that
 * counts them (17892), of a database of Azure SQL (10928). tedious gives the texts of refused logins, not their
 * numbers.
 */
export function isRefusedForRoom(error: unknown): boolean {
  const { message = '' } = driverErrorOf(error) ?? {};
  return /maximum number of .*user connections|due to trigger execution|limit for the .* has been reached/i.test(
    message,
  );
}

/** Whether an error says that another server could do better, where a name leads to several. */
export function isLeft(error: unknown): boolean {
  const failure = sqlserverFailureOf(error);
  return failure === 'read-only' || failure === 'connection-lost';
}

/**
 * Whether an error of the statement that takes the lock says that there is none: no right, no such procedure, not
 * supported.
 */
export const isLockRefusal = (error: unknown): boolean =>
  /^(229|2812|40508|40515|40517)$/.test(driverErrorOf(error)?.code ?? '');

/** Whether the server refuses user or password; tedious has one code for every login that it refuses. */
export const isLoginRefusal = (error: unknown): boolean =>
  driverErrorOf(error)?.code === 'ELOGIN' && !isRefusedForRoom(error);
