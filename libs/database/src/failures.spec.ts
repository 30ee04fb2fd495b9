import { describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { QueryFailedError } from 'typeorm';
import { mysqlFailureOf } from './mysql/failures.js';
import { postgresqlFailureOf } from './postgresql/failures.js';
import { SqliteDialect } from './sqlite/sqlite.dialect.js';

const server = (code: string): Error => Object.assign(new Error('from the server'), { code, severity: 'ERROR' });
const network = (code: string): Error => Object.assign(new Error('from the network'), { code });

describe('an error of node-postgres', () => {
  test.each([
    [server('40P01'), 'rolled-back'],
    [server('40001'), 'rolled-back'],
    [server('25006'), 'read-only'],
    [server('53100'), 'read-only'],
    [server('57P01'), 'connection-lost'],
    [server('57P05'), 'connection-lost'],
    [server('08006'), 'connection-lost'],
    [network('ECONNRESET'), 'connection-lost'],
    [network('ERR_STREAM_DESTROYED'), 'connection-lost'],
    [network('ERR_STREAM_WRITE_AFTER_END'), 'connection-lost'],
    [network('ERR_SOCKET_CLOSED'), 'connection-lost'],
    [new Error('Connection terminated unexpectedly'), 'connection-lost'],
    [new Error('Received unexpected commandComplete message from backend.'), 'connection-lost'],
    [server('57014'), 'unavailable'],
    [server('28P01'), 'unavailable'],
    [server('42501'), 'unavailable'],
    [server('53300'), 'unavailable'],
    [network('ECONNREFUSED'), 'unavailable'],
    [network('ENOTFOUND'), 'unavailable'],
    [network('DEPTH_ZERO_SELF_SIGNED_CERT'), 'unavailable'],
    [network('CERT_HAS_EXPIRED'), 'unavailable'],
    [network('HOSTNAME_MISMATCH'), 'unavailable'],
    [network('ERR_TLS_CERT_ALTNAME_INVALID'), 'unavailable'],
    [new Error('timeout exceeded when trying to connect'), 'unavailable'],
    [new Error('Query read timeout'), 'unavailable'],
    [server('22P02'), undefined],
    [server('23505'), undefined],
    [network('ERR_INVALID_ARG_TYPE'), undefined],
    [network('ERR_SOCKET_BAD_PORT'), undefined],
    [new TypeError('a mistake of ours'), undefined],
    ['no error at all', undefined],
  ])('%s means %s', (error, failure) => {
    expect(postgresqlFailureOf(error)).toBe(failure);
  });
});

const mysql = (errno: number, sqlState = 'HY000'): Error =>
  Object.assign(new Error('from the server'), { code: `ER_${errno}`, errno, sqlState });
const broken = (message: string): Error => Object.assign(new Error(message), { fatal: true });

describe('an error of mysql2', () => {
  test.each([
    [mysql(1213, '40001'), 'rolled-back'],
    [mysql(1020), 'rolled-back'],
    [mysql(1205), 'unavailable'],
    [mysql(1290), 'read-only'],
    [mysql(1792, '25006'), 'read-only'],
    [mysql(1836), 'read-only'],
    [mysql(1114), 'read-only'],
    [mysql(1021), 'read-only'],
    [mysql(1053, '08S01'), 'connection-lost'],
    [mysql(1927, '70100'), 'connection-lost'],
    [mysql(2006), 'connection-lost'],
    [mysql(2013), 'connection-lost'],
    [mysql(4031), 'connection-lost'],
    [network('PROTOCOL_CONNECTION_LOST'), 'connection-lost'],
    [network('PROTOCOL_UNEXPECTED_PACKET'), 'connection-lost'],
    [network('ECONNRESET'), 'connection-lost'],
    [network('EPIPE'), 'connection-lost'],
    [broken("Can't add new command when connection is in closed state"), 'connection-lost'],
    [broken('Unknown packet'), 'connection-lost'],
    [network('PROTOCOL_SEQUENCE_TIMEOUT'), 'unavailable'],
    [mysql(1969, '70100'), 'unavailable'],
    [mysql(3024), 'unavailable'],
    [mysql(1317, '70100'), 'unavailable'],
    [mysql(1040, '08004'), 'unavailable'],
    [mysql(1045, '28000'), 'unavailable'],
    [mysql(1142, '42000'), 'unavailable'],
    [mysql(1049, '42000'), 'unavailable'],
    [network('ECONNREFUSED'), 'unavailable'],
    [network('ETIMEDOUT'), 'unavailable'],
    [network('HANDSHAKE_NO_SSL_SUPPORT'), 'unavailable'],
    [network('HANDSHAKE_SSL_ERROR'), 'unavailable'],
    [network('AUTH_SWITCH_PLUGIN_ERROR'), 'unavailable'],
    [new Error('Pool is closed.'), 'unavailable'],
    [mysql(1062, '23000'), undefined],
    [mysql(1452, '23000'), undefined],
    [mysql(1406, '22001'), undefined],
    [mysql(1366), undefined],
    [mysql(1064, '42000'), undefined],
    [network('ERR_INVALID_ARG_TYPE'), undefined],
    [new TypeError('a mistake of ours'), undefined],
    ['no error at all', undefined],
  ])('%s means %s', (error, failure) => {
    expect(mysqlFailureOf(error)).toBe(failure);
  });
});

test('an error that TypeORM wrapped means the same', () => {
  expect(mysqlFailureOf(new QueryFailedError('SELECT', [], mysql(1213)))).toBe('rolled-back');
  expect(postgresqlFailureOf(new QueryFailedError('SELECT', [], server('40P01')))).toBe('rolled-back');
});

describe('an error of SQLite', () => {
  const dialect = new SqliteDialect({ file: '/nowhere', create: false });

  test.each([
    ['SQLITE_BUSY', 'rolled-back'],
    ['SQLITE_BUSY_SNAPSHOT', 'rolled-back'],
    ['SQLITE_READONLY_DBMOVED', 'read-only'],
    ['SQLITE_FULL', 'read-only'],
    ['SQLITE_IOERR_FSYNC', 'unavailable'],
    ['SQLITE_CANTOPEN', 'unavailable'],
    ['SQLITE_CORRUPT', 'unavailable'],
    ['SQLITE_ERROR', 'unavailable'],
    ['SQLITE_CONSTRAINT_FOREIGNKEY', undefined],
  ])('%s means %s', (code, failure) => {
    const error = new SqliteDatabase.SqliteError('from SQLite', code);
    expect(dialect.failureOf(error)).toBe(failure);
    expect(dialect.failureOf(new QueryFailedError('SELECT', [], error))).toBe(failure);
  });
});
