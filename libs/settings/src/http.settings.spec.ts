import { describe, expect, it } from '@jest/globals';

import { httpSettingsSchema } from './http.settings.js';

const rulesOf = (input: Record<string, string>): string[] =>
  httpSettingsSchema.safeParse(input).error?.issues.map(({ path, message }) => `${path.join('__')} ${message}`) ?? [];

describe('http settings', () => {
  it.each([
    ['/', ''],
    ['key-connector', '/key-connector'],
    ['/key-connector/', '/key-connector'],
    ['/a/b', '/a/b'],
  ])('read the base path %s as %j', (given, expected) => {
    expect(httpSettingsSchema.parse({ basePath: given }).basePath).toBe(expected);
  });

  it.each(['//a', '/a//b', '/../a', '/a b', 'https://a', '/a?b', '/a#b', '/:id', '/*'])(
    'refuse the base path %s',
    (given) => {
      expect(rulesOf({ basePath: given })).toEqual(['basePath must be a path such as /key-connector']);
    },
  );

  it.each([
    ['TRUE', true],
    ['false', false],
    ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  ])('read trustProxy %s as what the server takes', (given, expected) => {
    expect(httpSettingsSchema.parse({ trustProxy: given }).trustProxy).toEqual(expected);
  });

  it.each(['yes', '10.0.0.0/33', 'proxy.example', '1'])('refuse trustProxy %s', (given) => {
    expect(rulesOf({ trustProxy: given })).toEqual([
      'trustProxy must be true, false, or addresses and CIDR ranges of proxies',
    ]);
  });

  it('read origins separated by commas', () => {
    const { allowedOrigins } = httpSettingsSchema.parse({ allowedOrigins: 'https://a.example:8443, app://bundle' });
    expect(allowedOrigins).toEqual(['https://a.example:8443', 'app://bundle']);
  });

  it.each([
    ['HTTPS://Vault.Example', 'https://vault.example'],
    ['https://vault.example:443', 'https://vault.example'],
    ['http://vault.example:80', 'http://vault.example'],
    ['https://VAULT.example:8443', 'https://vault.example:8443'],
    ['http://vault.example:443', 'http://vault.example:443'],
    ['https://[2001:DB8::1]:443', 'https://[2001:db8::1]'],
    ['https://münchen.example', 'https://xn--mnchen-3ya.example'],
    ['bw-desktop-file://bundle', 'bw-desktop-file://bundle'],
  ])('read the origin %s as browsers send it', (given, expected) => {
    expect(httpSettingsSchema.parse({ allowedOrigins: given }).allowedOrigins).toEqual([expected]);
  });

  it.each([
    'https://a.example:99999',
    '*',
    'https://a.example/',
    'https://*.example',
    'a.example',
    'https://user@a.example',
  ])('refuse the origin %s', (given) => {
    expect(rulesOf({ allowedOrigins: given })).toHaveLength(1);
  });

  it('take the TLS certificate and its key only together', () => {
    expect(rulesOf({ tlsKeyPath: '/k' })).toEqual([
      'tlsCertificatePath is required, because http__tlsKeyPath is given',
    ]);
    expect(rulesOf({ tlsCertificatePath: '/c' })).toEqual([
      'tlsKeyPath is required, because http__tlsCertificatePath is given',
    ]);
    expect(rulesOf({ tlsCertificatePath: '/c', tlsKeyPath: '/k' })).toEqual([]);
  });

  it('do not wait longer for the headers than for the whole request', () => {
    expect(rulesOf({ requestTimeoutSeconds: '2' })).toEqual([
      'headersTimeoutSeconds must not be more than http__requestTimeoutSeconds',
    ]);
  });
});
