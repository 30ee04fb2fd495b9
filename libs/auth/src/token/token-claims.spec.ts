import { describe, expect, it } from '@jest/globals';
import {
  type AccessToken,
  assertMayUseKeys,
  assertPlainClaims,
  type Expected,
  readTokenClaims,
} from './token-claims.js';

const sub = '0B8A5E5C-6B1F-4D0B-9D2A-5F1C2E3D4A5B';
const now = Date.now() / 1000;
const good = { iss: 'https://a.test', sub, exp: now + 60, amr: ['external'], scope: ['api'] };
const read = (claims: object, expected: Partial<Expected> = {}): AccessToken =>
  readTokenClaims(JSON.parse(JSON.stringify(claims)), { issuer: 'https://a.test', clockSkewSeconds: 300, ...expected });

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

  it.each([
    ['no object', '[]'],
    ['no object either', 'null'],
    ['text', '"{}"'],
    ['nothing', ' '],
    ['a member twice', '{"sub":1,"sub":2}'],
    ['a member twice, spelt otherwise', '{"sub":1,"s\\u0075b":2}'],
    ['a member twice, deep inside', '{"a":[{"b":{"c":1,"c":2}}]}'],
    ['5,000 arrays', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`],
    ['1,800 members', `{${Array.from({ length: 1800 }, (_, n) => `"${n}":0`).join()}}`],
    ['6,000 entries', `{"a":[${'0,'.repeat(6000)}0]}`],
  ])('with %s are refused before anything is made of them', (_what, text) => {
    expect(() => {
      assertPlainClaims(Buffer.from(text).toString('base64url'));
    }).toThrow(expect.objectContaining({ reason: 'claims' }));
  });

  it.each([
    ['those of Bitwarden, with 300 organizations', { ...good, orguser: Array.from({ length: 300 }, () => sub) }],
    ['roles three deep', { ...good, resource_access: { a: { roles: ['x'] }, b: { roles: ['y', { z: ['1'] }] } } }],
  ])('that issuers write are read: %s', (_what, claims) => {
    expect(() => {
      assertPlainClaims(Buffer.from(` ${JSON.stringify(claims, null, 2)}`).toString('base64url'));
    }).not.toThrow();
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
