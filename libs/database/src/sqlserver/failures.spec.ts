import { describe, expect, test } from '@jest/globals';
import mssql from 'mssql';
import { QueryFailedError } from 'typeorm';
import { isDuplicateKey, isLockRefusal, sqlserverFailureOf } from './failures.js';

/** As mssql throws what the server answered. */
const server = (number: number): Error =>
  new mssql.RequestError(Object.assign(new Error('from the server'), { info: { number, class: 16 } }), 'EREQUEST');
const driver = (code: string, message = 'from the driver'): Error => Object.assign(new Error(message), { code });

describe('an error of mssql', () => {
  test.each([
    [server(1205), 'rolled-back'],
    [server(1222), 'locked'],
    [server(3960), 'rolled-back'],
    [server(3906), 'read-only'],
    [server(1105), 'read-only'],
    [server(9002), 'read-only'],
    [server(596), 'connection-lost'],
    [server(18456), 'unavailable'],
    [server(4060), 'unavailable'],
    [server(40613), 'connection-lost'],
    [server(976), 'connection-lost'],
    [server(983), 'connection-lost'],
    [server(40197), 'connection-lost'],
    [server(10928), 'unavailable'],
    [server(916), 'unavailable'],
    [server(40501), 'unavailable'],
    [server(49918), 'unavailable'],
    [server(229), 'unavailable'],
    [server(208), 'unavailable'],
    [server(2627), undefined],
    [server(2601), undefined],
    [server(547), undefined],
    [server(2628), undefined],
    [server(8152), undefined],
    [server(102), undefined],
    [driver('ECONNRESET'), 'connection-lost'],
    [driver('EPIPE'), 'connection-lost'],
    [driver('ECLOSE'), 'connection-lost'],
    [driver('EINVALIDSTATE'), 'connection-lost'],
    [driver('ESOCKET', 'Connection lost - read ECONNRESET'), 'connection-lost'],
    [driver('EREQUEST', 'Connection lost - socket hang up'), 'connection-lost'],
    [driver('ESOCKET', 'Failed to connect to db:1433 - connect ECONNREFUSED'), 'unavailable'],
    [driver('ETIMEOUT'), 'unavailable'],
    [driver('ELOGIN'), 'unavailable'],
    [driver('ECONNREFUSED'), 'unavailable'],
    [driver('ENOTOPEN'), 'unavailable'],
    [driver('EFEDAUTH'), 'unavailable'],
    [driver('EINSTLOOKUP'), 'unavailable'],
    [driver('DEPTH_ZERO_SELF_SIGNED_CERT'), 'unavailable'],
    [
      new Error('Failed to acquire a connection from the pool: operation timed out for an unknown reason'),
      'unavailable',
    ],
    [driver('EREQUEST', 'Invalid GUID.'), undefined],
    [driver('EPARAM'), undefined],
    [driver('ERR_INVALID_ARG_TYPE'), undefined],
    [new TypeError('a mistake of ours'), undefined],
    ['no error at all', undefined],
  ])('%s means %s', (error, failure) => {
    expect(sqlserverFailureOf(error)).toBe(failure);
  });

  test('means the same when TypeORM wrapped it', () => {
    expect(sqlserverFailureOf(new QueryFailedError('SELECT', [], server(1205)))).toBe('rolled-back');
  });

  test('says by its number that a key is there already, never by its message', () => {
    expect([2627, 2601, 547, 1205].map((number) => isDuplicateKey(server(number)))).toEqual([true, true, false, false]);
    expect(isDuplicateKey(new Error('Violation of PRIMARY KEY constraint (2627)'))).toBe(false);
  });
});

test('a lock that may not be taken, or is not there, is told apart from one that was not got in time', () => {
  expect([229, 2812, 40515].every((number) => isLockRefusal(server(number)))).toBe(true);
  expect([1205, 1222, 596].some((number) => isLockRefusal(server(number)))).toBe(false);
});
