import { describe, expect, it } from '@jest/globals';
import { type AccessToken, type Expected, readTokenClaims } from './token-claims.js';
import { assertMayUseKeys } from './token-policy.js';

const sub = '0B8A5E5C-6B1F-4D0B-9D2A-5F1C2E3D4A5B';
const now = Date.now() / 1000;
const good = { iss: 'https://a.test', sub, exp: now + 60, amr: ['external'], scope: ['api'] };
const read = (claims: object, expected: Partial<Expected> = {}): AccessToken =>
  readTokenClaims(JSON.stringify(claims), { issuer: 'https://a.test', clockSkewSeconds: 300, ...expected });

describe('token claims', () => {
  it('name the member in lower case', () => {
    expect(read(good)).toEqual({ userId: sub.toLowerCase(), amr: ['external'], scope: ['api'] });
  });

  it.each([
    [{ ...good, iss: 'https://a.test/' }, 'issuer'],
    [{ ...good, sub: 'x' }, 'claims'],
    [{ ...good, exp: undefined }, 'claims'],
    [{ ...good, exp: '1' }, 'claims'],
    [{ ...good, exp: null }, 'claims'],
    [{ ...good, exp: now - 301 }, 'expired'],
    [{ ...good, nbf: now + 330 }, 'not-yet-valid'],
    [{ ...good, nbf: '1' }, 'claims'],
    [{ ...good, amr: [1] }, 'claims'],
    [{ ...good, scope: { api: true } }, 'claims'],
  ])('%j are refused for the %s', (claims, reason) => {
    expect(() => read(claims)).toThrow(expect.objectContaining({ reason }));
  });

  it('are for now within the allowed difference of the clocks', () => {
    expect(read({ ...good, exp: now - 270, nbf: now + 270 })).toBeDefined();
    expect(() => read({ ...good, exp: now - 1 }, { clockSkewSeconds: 0 })).toThrow(
      expect.objectContaining({ reason: 'expired' }),
    );
  });

  it('that are no JSON are malformed', () => {
    expect(() => readTokenClaims('{', { issuer: '', clockSkewSeconds: 0 })).toThrow(
      expect.objectContaining({ reason: 'malformed' }),
    );
  });

  it.each(['keys', ['keys'], ['other', 'keys']])('with the audience %j are for the audience "keys"', (aud) => {
    expect(read({ ...good, aud }, { audience: 'keys' })).toBeDefined();
    expect(() => read({ ...good, aud }, { audience: 'key' })).toThrow(expect.objectContaining({ reason: 'audience' }));
  });

  it.each([
    [{ amr: 'external', scope: 'api' }],
    [{ amr: ['mfa', 'Application'], scope: 'openid api' }],
    [{ amr: ['external'], scope: ['offline_access', 'api'] }],
  ])('with %j may use keys', (claims) => {
    expect(() => {
      assertMayUseKeys(read({ ...good, ...claims }));
    }).not.toThrow();
  });

  it.each([
    [{ amr: 'external mfa' }, 'amr'],
    [{ amr: [] }, 'amr'],
    [{ amr: undefined }, 'amr'],
    [{ scope: 'apix' }, 'scope'],
    [{ scope: ['api.read', 'x api'] }, 'scope'],
    [{ scope: undefined }, 'scope'],
  ])('with %j may not: %s', (claims, reason) => {
    expect(() => {
      assertMayUseKeys(read({ ...good, ...claims }));
    }).toThrow(expect.objectContaining({ reason, userId: sub.toLowerCase() }));
  });
});
