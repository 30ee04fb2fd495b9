import { describe, expect, test } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { isLeft, mysqlFailureOf } from './failures.js';
import { isLockRefusal } from './lock.js';

const network = (code: string): Error => Object.assign(new Error('from the network'), { code });
const mysql = (errno: number, sqlState = 'HY000'): Error =>
  Object.assign(new Error('from the server'), { code: `ER_${errno}`, errno, sqlState });
const broken = (message: string): Error => Object.assign(new Error(message), { fatal: true });

describe('an error of mysql2', () => {
  test.each([
    [mysql(1213, '40001'), 'rolled-back'],
    [mysql(1020), 'rolled-back'],
    [mysql(1205), 'locked'],
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
    [mysql(1047, '08S01'), 'connection-lost'],
    [mysql(1180), 'connection-lost'],
    [mysql(3100), 'connection-lost'],
    [mysql(3783), 'connection-lost'],
    [mysql(3797), 'connection-lost'],
    [mysql(9999, '08S01'), 'connection-lost'],
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

test.each([
  [mysql(1047, '08S01'), true],
  [mysql(1290), true],
  [mysql(1205), true],
  [mysql(1969, '70100'), true],
  [mysql(3024), true],
  [network('ECONNRESET'), true],
  [mysql(1213, '40001'), false],
  [mysql(1142, '42000'), false],
  [mysql(1062, '23000'), false],
])('after %s, whether the connection is dropped for one that may lead elsewhere is %s', (error, left) => {
  expect(isLeft(error)).toBe(left);
});

test('a lock that is not there is told apart from one that was not got in time', () => {
  expect([1105, 1148, 1235, 1305].every((errno) => isLockRefusal(mysql(errno)))).toBe(true);
  expect([1205, 1213, 1047, 1969, 3058].some((errno) => isLockRefusal(mysql(errno)))).toBe(false);
});

test('an error that TypeORM wrapped means the same', () => {
  expect(mysqlFailureOf(new QueryFailedError('SELECT', [], mysql(1213)))).toBe('rolled-back');
});
