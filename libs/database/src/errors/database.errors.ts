import { KeyConnectorError, UnavailableError } from '@key-connector/common';

/** The database did not answer, or refused to; callers may try again. */
export class DatabaseUnavailable extends UnavailableError {
  readonly code = 'DATABASE_UNAVAILABLE';
}

/**
 * Another session holds a lock on what was asked for. It may be one member's row: of several members, each is tried
 * alone.
 */
export class DatabaseRowLocked extends DatabaseUnavailable {}

/** The database answers reads and refuses writes: a standby, a full disk, a read-only file. */
export class DatabaseReadOnly extends UnavailableError {
  readonly code = 'DATABASE_READ_ONLY';
  override readonly retryAfterSeconds = 5;
}

/** The tables were changed by a newer version of this service. */
export class SchemaNewer extends KeyConnectorError {
  readonly code = 'DATABASE_SCHEMA_NEWER';
}

/** What stands where the connection leads is not what `database__expect` says; nothing was made or changed there. */
export class DatabaseUnexpected extends KeyConnectorError {
  readonly code = 'DATABASE_UNEXPECTED';
}

/** The database, or what stands in it, cannot be used until an operator changes it. */
export class DatabaseUnsupported extends KeyConnectorError {
  readonly code = 'DATABASE_UNSUPPORTED';
}

/**
 * A session is not what it was asked to be, so that rows would be read elsewhere, or not be kept. It ends a start;
 * while serving, it is answered as any dependency that fails.
 */
export class DatabaseSessionWrong extends KeyConnectorError {
  readonly code = 'DATABASE_SESSION_WRONG';
}
