import { describe, expect, test } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { isLockRefusal, postgresqlFailureOf } from './failures.js';

const server = (code: string): Error => Object.assign(new Error('from the server'), { code, severity: 'ERROR' });
const network = (code: string): Error => Object.assign(new Error('from the network'), { code });

describe('an error of node-postgres', () => {
  test.each([
    [server('40P01'), 'rolled-back'],
    [server('40001'), 'rolled-back'],
    [server('55P03'), 'locked'],
    [server('25006'), 'read-only'],
    [server('53100'), 'read-only'],
    [server('57P01'), 'connection-lost'],
    [server('57P03'), 'connection-lost'],
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

test('an error that TypeORM wrapped means the same', () => {
  expect(postgresqlFailureOf(new QueryFailedError('SELECT', [], server('40P01')))).toBe('rolled-back');
});

test('a lock that is not there is told apart from one that was not got in time', () => {
  expect(['42883', '0A000', '42501'].every((code) => isLockRefusal(server(code)))).toBe(true);
  expect(['55P03', '57014', '40P01'].some((code) => isLockRefusal(server(code)))).toBe(false);
});
