import { driverErrorOf } from '../dialect/driver-error.js';
import type { Failure } from '../dialect/dialect.js';

/** Primary key or unique index, which count as one: the row is there already. */
const duplicateKey = /^(2627|2601)$/;

/** Error numbers of SQL Server (sys.messages) by what they mean to a caller; the first match counts. */
const numbers: readonly (readonly [pattern: RegExp, failure: Failure | undefined])[] = [
  [/^(1205|1222|3960)$/, 'rolled-back'], // deadlock victim, lock request time-out, snapshot conflict
  [/^(3906|3908|1101|1105|9002|40544)$/, 'read-only'], // read-only database; file, log or size quota full
  [/^(596|6005)$/, 'connection-lost'], // session killed, shutdown in progress
  [duplicateKey, undefined],
  // Constraint, null, truncation, conversion, syntax: our own mistakes.
  [/^(547|515|2628|8152|8169|24[125]|811[45]|10[25]|13[78]|156)$/, undefined],
  [/^\d+$/, 'unavailable'],
];

/** Codes of mssql, tedious and node:net; messages where they have none. */
const drivers: readonly (readonly [pattern: RegExp, failure: Failure | undefined])[] = [
  [/^EABORT\b/, 'rolled-back'],
  [/^(ECONNRESET|EPIPE|ECLOSE|EINVALIDSTATE|ECONNABORTED)\b/, 'connection-lost'],
  // A connection that breaks while a statement runs; one that cannot be opened says "Failed to connect".
  [/^(ESOCKET|EREQUEST) Connection lost\b/, 'connection-lost'],
  [/^(EREQUEST|EPARAM|EARGS|EINJECT|EREQINPROG)\b/, undefined],
  [/^(E[A-Z]+|EAI_[A-Z]+|ERR_(SSL|TLS)_\w*|\w*CERT\w*|HOSTNAME_MISMATCH)\b/, 'unavailable'],
  [/^ (Failed to acquire a connection|operation timed out|Driver not Connected|aborted)/, 'unavailable'],
];

const firstMatch = (table: readonly (readonly [RegExp, Failure | undefined])[], text: string): Failure | undefined =>
  table.find(([pattern]) => pattern.test(text))?.[1];

/** What an error of mssql, tedious, the network or TLS means; `undefined` when it is none of theirs. */
export function sqlserverFailureOf(error: unknown): Failure | undefined {
  const { code = '', message, fromServer } = driverErrorOf(error) ?? { message: '', fromServer: false };
  return fromServer ? firstMatch(numbers, code) : firstMatch(drivers, `${code} ${message}`);
}

/** Whether a statement failed because a row with this key is there already. */
export function isDuplicateKey(error: unknown): boolean {
  const { code = '', fromServer = false } = driverErrorOf(error) ?? {};
  return fromServer && duplicateKey.test(code);
}
