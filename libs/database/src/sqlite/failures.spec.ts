import { describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { QueryFailedError } from 'typeorm';
import { sqliteFailureOf } from './failures.js';

describe('an error of SQLite', () => {
  test.each([
    ['SQLITE_BUSY', 'busy'],
    ['SQLITE_BUSY_SNAPSHOT', 'busy'],
    ['SQLITE_READONLY_DBMOVED', 'read-only'],
    ['SQLITE_FULL', 'read-only'],
    ['SQLITE_IOERR_FSYNC', 'unavailable'],
    ['SQLITE_CANTOPEN', 'unavailable'],
    ['SQLITE_CORRUPT', 'unavailable'],
    ['SQLITE_ERROR', 'unavailable'],
    ['SQLITE_CONSTRAINT_FOREIGNKEY', undefined],
  ])('%s means %s', (code, failure) => {
    const error = new SqliteDatabase.SqliteError('from SQLite', code);
    expect(sqliteFailureOf(error)).toBe(failure);
    expect(sqliteFailureOf(new QueryFailedError('SELECT', [], error))).toBe(failure);
  });
});
