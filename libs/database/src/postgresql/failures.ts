import { driverErrorOf } from '../errors/driver-error.js';
import { networkFailureOf, type Failure } from '../errors/failure.js';

/** SQLSTATE classes and codes (PostgreSQL manual, appendix A) by what they mean to a caller; the first match counts. */
const sqlStates: readonly (readonly [pattern: RegExp, failure: Failure | undefined])[] = [
  [/^(40001|40P01)$/, 'rolled-back'], // serialization_failure, deadlock_detected
  [/^55P03$/, 'locked'], // lock_not_available
  [/^(25006|53100)$/, 'read-only'], // read_only_sql_transaction, disk_full
  // connection_exception, admin_shutdown, crash_shutdown, cannot_connect_now (it starts, or is promoted), idle timeouts
  [/^(08...|57P01|57P02|57P03|25P03|57P05)$/, 'connection-lost'],
  [/^(22...|23...|42601)$/, undefined], // data exception, constraint violation, syntax error: our own mistakes
  [/^[0-9A-Z]{5}$/, 'unavailable'],
];

/** Errors of node-postgres itself, which carry no code. */
const messages: readonly (readonly [pattern: RegExp, failure: Failure])[] = [
  [/^(timeout e|Query read timeout|Connection terminated due to connection timeout)/, 'unavailable'],
  [
    /^(Connection terminated|Client (has encountered|was closed)|Received unexpected \w+ message from backend)/,
    'connection-lost',
  ],
  [
    /^(Cannot use a pool|The server does not support SSL|SASL|Driver not Connected|There was an error establishing an SSL)/,
    'unavailable',
  ],
];

/** What an error of node-postgres, the network or TLS means; `undefined` when it is none of theirs. */
export function postgresqlFailureOf(error: unknown): Failure | undefined {
  const cause = driverErrorOf(error);
  if (cause === undefined) return undefined;
  const { code, message, fromServer } = cause;
  if (code === undefined) return messages.find(([pattern]) => pattern.test(message))?.[1];
  return fromServer ? sqlStates.find(([pattern]) => pattern.test(code))?.[1] : networkFailureOf(cause);
}

/** Whether a login was refused because there are connections enough (too_many_connections); poolers say it in words. */
export function isRefusedForRoom(error: unknown): boolean {
  const { code, message = '' } = driverErrorOf(error) ?? {};
  return code === '53300' || /too many (clients|connections)|no more connections|max.client/i.test(message);
}

/**
 * Whether an error of the statement that takes the lock says that there is none: undefined_function,
 * feature_not_supported, insufficient_privilege.
 */
export const isLockRefusal = (error: unknown): boolean =>
  ['42883', '0A000', '42501'].includes(driverErrorOf(error)?.code ?? '');

/** Whether the server refuses user or password: invalid_password, invalid_authorization_specification. */
export const isLoginRefusal = (error: unknown): boolean =>
  ['28P01', '28000'].includes(driverErrorOf(error)?.code ?? '');
