import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { TrustedProxies } from './trusted-proxies.js';

const proxy = '10.0.0.1';
const requestOf = (forwarded?: string, remoteAddress = proxy): IncomingMessage =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

describe('the client behind trusted proxies', () => {
  const proxies = new TrustedProxies(['10.0.0.0/8', '2001:db8:ffff::1', '127.0.0.1']);

  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:51234', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    // Azure's gateway puts a port behind all eight groups; with fewer it could be one of them.
    ['2001:db8:0:0:0:0:0:1:51234', '2001:db8:0:0:0:0:0:1'],
    ['2001:db8::1:4711', '2001:db8::1:4711'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::ffff:cb00:7109', '203.0.113.9'],
    ['[0:0:0:0:0:FFFF:CB00:7109]:4711', '203.0.113.9'],
    ['0:0:0:0:0:ffff:cb00:7109:4711', '203.0.113.9'],
    ['203.0.113.9, ::ffff:a01:203', '203.0.113.9'],
    ['198.51.100.7, 203.0.113.9:1, 10.1.2.3:443', '203.0.113.9'],
    ['198.51.100.7,203.0.113.9:1,[2001:db8:ffff::1]:443', '203.0.113.9'],
    [' ,198.51.100.7, ,203.0.113.9 , ,', '203.0.113.9'],
  ])('is, of %j, %s', (forwarded, client) => {
    expect(proxies.clientOf(requestOf(forwarded))).toBe(client);
  });

  test.each([
    ['nothing', undefined],
    ['nothing but commas', ' , ,'],
    ['"unknown"', '203.0.113.9, unknown'],
    ['a name', '203.0.113.9, proxy.test:80'],
    ['a broken bracket', '203.0.113.9, [2001:db8::1'],
    ['brackets in brackets', '[[::1]]:80'],
    ['a port that is none', '203.0.113.9:123456'],
    ['an address with two ports', '203.0.113.9:1:2'],
    ['an address with a zone, which may be any text', '203.0.113.9, fe80::1%any.text'],
    ['one in brackets', '203.0.113.9, [fe80::1%eth0]:80'],
    ['the form of another header', 'for="[2001:db8::1]:4711"'],
  ])('is the proxy itself when it says %s', (_what, forwarded) => {
    expect(proxies.clientOf(requestOf(forwarded))).toBe(proxy);
  });

  test('is who connects when that is no trusted proxy', () => {
    expect(proxies.clientOf(requestOf('203.0.113.9', '192.0.2.1'))).toBe('192.0.2.1');
    expect(new TrustedProxies(false).clientOf(requestOf('203.0.113.9'))).toBe(proxy);
  });

  test('is found on a connection whose IPv4 address is written as IPv6', () => {
    expect(proxies.clientOf(requestOf('203.0.113.9', '::ffff:127.0.0.1'))).toBe('203.0.113.9');
    expect(proxies.clientOf(requestOf(undefined, '::ffff:192.0.2.1'))).toBe('192.0.2.1');
  });

  test('is the first of all when everybody is trusted', () => {
    expect(new TrustedProxies(true).clientOf(requestOf('203.0.113.9:1, 198.51.100.7, 192.0.2.1'))).toBe('203.0.113.9');
  });
});
