import type { UserId } from '@key-connector/common';
import type { DataSource, DataSourceOptions, EntityManager } from 'typeorm';
import type { Failure } from '../errors/failure.js';
import type { LayoutGuardStatements } from './layout-guard.js';
import type { UserKeyStatements } from './user-key.statements.js';

/**
 * How the database's own client takes several statements. A client may go on after an error: what failed must not be
 * noted as done then.
 */
export interface ScriptStyle {
  readonly begin: string;
  /** Before each statement, where one must be passed over once another has failed. */
  readonly guard?: string;
  /** Behind each statement. */
  readonly terminator: string;
  /** What the statement that notes a migration begins with, where that is not `INSERT`. */
  readonly insert?: string;
  readonly end: string;
}

/** How a session is asked what it sees, in SQL that only reads; names are plain words. */
export interface Sight {
  /** One row with a `place`, for people: what decides where a table's name leads, as the session has it. */
  readonly place?: string;
  /** Gives the `name` of each of these tables that a statement of the session finds. */
  readonly tables: (names: readonly string[]) => string;
  /** Gives the `place`s, for people, where a table of such a name stands that the session does not find. */
  readonly elsewhere?: (names: readonly string[]) => string;
  /** The driver's code for a database of that name not being on the server. */
  readonly absent?: string;
}
/** The nil UUID (RFC 9562), which no member has. */
export const nobody = '00000000-0000-0000-0000-000000000000' as UserId;

/**
 * Everything that differs between databases; one subclass a product. Errors are the driver's own: `failureOf` tells
 * what they mean.
 */
export abstract class Dialect {
  /** What and where the database is, for people: no user name, no password. */
  abstract readonly description: string;

  /** Options of the data source that serves requests. */
  abstract readonly dataSourceOptions: DataSourceOptions;

  /** Options of the short-lived data source that runs migrations: same place, one connection, long deadlines. */
  abstract readonly migrationOptions: DataSourceOptions;

  /**
   * Digits behind the second that a column of times keeps. More are cut, as classic software does, where a server would
   * round.
   */
  readonly fractionDigits: number = 6;

  /** SQL for a number that is another one for each row: rows in its order are shuffled. */
  readonly randomNumber: string = 'RANDOM()';

  /**
   * A script is one transaction, which PostgreSQL ends with a rollback when anything in it failed, unless the dialect
   * says otherwise.
   */
  readonly script: ScriptStyle = { begin: 'BEGIN;', terminator: ';', end: 'COMMIT;' };

  /** How a session is asked which of our tables it finds. */
  abstract readonly sight: Sight;

  /** What keeps classic software from writing, once it must not. */
  abstract readonly layoutGuard: LayoutGuardStatements;

  /**
   * Looks at the server or file before a pool is opened on it.
   *
   * @throws DatabaseUnsupported when it can never work; any other error means "try again".
   */
  abstract prepare(): Promise<void>;

  /**
   * Whether `prepare` would make the database itself, which is empty then; not needed where a server has it. Only
   * looks.
   *
   * @throws as `prepare`.
   */
  isToBeMade?(): Promise<boolean>;

  /** Told of a data source that was opened, before anything else is done with it. */
  opened?(source: DataSource): void;

  /**
   * Asks the session of a data source that was opened what it is, before anything is done in it; not needed where the
   * pool asks each of its new sessions.
   *
   * @throws DatabaseSessionWrong when rows are read elsewhere than was asked for, or are not kept.
   */
  check?(source: DataSource): Promise<void>;

  /**
   * Looks at the tables that are there, and at how the server keeps rows, once a start: before migrations, and behind
   * those that were run.
   *
   * @throws DatabaseUnsupported when keys would be mixed up or lost there.
   */
  inspect?(manager: EntityManager): Promise<void>;

  /**
   * One round trip on an opened data source, by the very statement that requests read members with: what fails them, a
   * right or a table that is lost, or a node outside of its cluster, fails this too.
   */
  async ping(source: DataSource): Promise<void> {
    await this.userKeys(source).find([nobody]);
  }

  /** The hot statements on UserKeys, on an opened data source. */
  abstract userKeys(source: DataSource): UserKeyStatements;

  /**
   * Runs work in one transaction that no other process can hold at the same time, whatever is killed when: the lock
   * belongs to the work's own connection, and goes with it. Some databases commit at every change of a table, so work
   * that changes tables must be fit to be run again.
   */
  abstract lock<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T>;

  /**
   * Runs work that only reads in one session, in a transaction that begins with the question where it reads; a database
   * without anything between needs none of it.
   *
   * @throws DatabaseSessionWrong when it reads elsewhere.
   */
  snapshot<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return work(source.manager);
  }

  /**
   * SQL for the length of a column or parameter: bytes, or no fewer than its letters; reads no more of a value than it
   * must.
   */
  lengthOf(expression: string): string {
    return `OCTET_LENGTH(${expression})`;
  }

  /** A member's id as classic software writes it into a row. */
  idText(id: UserId): string {
    return id;
  }

  /** Runs work while no lock of this process is held; only a database with one shared connection has to wait. */
  turn<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  /** Told of every failure, after the last try: a database with several places looks for another one. */
  failed?(failure: Failure): void;

  /**
   * Whether an error says that there is no connection because the server refuses user or password; nothing was sent
   * then.
   */
  isLoginRefused?(error: unknown): boolean;

  /** What a driver's error means; `undefined` for an error that is not the database's. */
  abstract failureOf(error: unknown): Failure | undefined;
}
