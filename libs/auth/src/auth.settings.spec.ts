import { describe, expect, it } from '@jest/globals';
import { authSettingsSchema } from './auth.settings.js';

const problems = (input: Record<string, unknown>): string[] =>
  authSettingsSchema.safeParse(input).error?.issues.map(({ path, message }) => `${path.join('__')} ${message}`) ?? [];

describe('auth settings', () => {
  it('need nothing: discovery, five minutes of skew, keys a day old at most', () => {
    expect(authSettingsSchema.parse({})).toEqual({
      clockSkewSeconds: 300,
      jwksMaxAgeSeconds: 300,
      jwksStaleSeconds: 86_400,
      jwksCooldownSeconds: 5,
      fetchTimeoutSeconds: 5,
    });
  });

  it.each([{ jwksUri: 'https://a.test/jwks' }, { publicKeyPath: '/key.pem' }])('need an issuer with %j', (input) => {
    expect(problems(input)).toEqual(['issuer is needed with jwksUri or publicKeyPath']);
    expect(problems({ ...input, issuer: 'https://a.test|login' })).toEqual([]);
  });

  it('take no issuer with a user name or password, which the log would show', () => {
    expect(problems({ issuer: 'https://user:hunter2@a.test', publicKeyPath: '/key.pem' })).toEqual([
      'issuer must hold no user name or password: remove what stands before the @, and change that password',
    ]);
    expect(problems({ issuer: 'https://a.test/@tenant', publicKeyPath: '/key.pem' })).toEqual([]);
  });

  it('take one place for the keys', () => {
    expect(problems({ issuer: 'i', jwksUri: 'https://a.test/jwks', publicKeyPath: '/key.pem' })).toEqual([
      'publicKeyPath cannot be given together with jwksUri',
    ]);
  });

  it('allow no more skew than five minutes', () => {
    expect(problems({ clockSkewSeconds: '301' })).toEqual(['clockSkewSeconds must be at most 300']);
  });

  it('do not give keys up before they are refreshed', () => {
    expect(problems({ jwksMaxAgeSeconds: '600', jwksStaleSeconds: '300' })).toEqual([
      'jwksStaleSeconds must be at least jwksMaxAgeSeconds',
    ]);
  });

  it('take no JWKS from a file or an unknown setting', () => {
    expect(problems({ issuer: 'i', jwksUri: 'file:///jwks.json' })).toEqual(['jwksUri must be an http(s) URI']);
    expect(problems({ jwksUrl: 'https://a.test' })).toHaveLength(1);
  });
});
