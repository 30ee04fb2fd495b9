import { FileUnreadable, KeyConnectorError, TlsFileUnreadable, withCaAdvice } from '@key-connector/common';
import { DatabaseReadOnly, DatabaseRowLocked, DatabaseUnavailable } from '../errors/database.errors.js';
import { driverErrorOf } from '../errors/driver-error.js';
import type { Dialect } from './dialect.js';

/** An error of the database in the product's own terms; `undefined` for an error that is not the database's. */
export function databaseErrorOf(dialect: Dialect, error: unknown): KeyConnectorError | undefined {
  if (error instanceof KeyConnectorError) return error;
  // A share that is late may come back; a file that is not there, nobody mends by waiting.
  if (error instanceof FileUnreadable && error.problem !== 'late')
    return new TlsFileUnreadable(`the connection string of ${dialect.description}`, error.path, error.why);
  const failure = dialect.failureOf(error);
  if (failure === undefined) return undefined;
  if (failure === 'read-only')
    return new DatabaseReadOnly(`${dialect.description} takes no writes: ${reasonOf(error)}.`);
  if (failure === 'locked')
    return new DatabaseRowLocked(
      `${dialect.description}: another session holds a lock on the rows, or on the table, for too long (${reasonOf(error)}). ` +
        'Nothing was changed. Look for a transaction that was left open.',
    );
  if (failure === 'busy')
    return new DatabaseUnavailable(
      `${dialect.description}: another process has held its lock for too long (${reasonOf(error)}). Nothing was changed. ` +
        'Look for a command or a backup that still runs.',
    );
  return unavailable(dialect, error);
}

/** Without the cause: a driver's error carries the statement's values. */
export function unavailable({ description }: Dialect, error: unknown): DatabaseUnavailable {
  return new DatabaseUnavailable(`${description} cannot be used: ${reasonOf(error)}.`);
}

/** The driver's message and code. Errors that quote values (SQLSTATE 22 and 23) never come here. */
function reasonOf(error: unknown): string {
  const { message, code } = driverErrorOf(error) ?? { message: 'unknown error', code: undefined };
  if (message === '') return code ?? 'unknown error';
  const reason = code === undefined || message.includes(code) ? message : `${message} (${code})`;
  return withCaAdvice(reason, 'tls__extraCaPath, or by the file that the connection string names, where it names one');
}
