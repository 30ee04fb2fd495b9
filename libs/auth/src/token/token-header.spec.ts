import { describe, expect, it } from '@jest/globals';
import { isTokenType, readTokenHeader } from './token-header.js';

const part = (text: string): string => Buffer.from(text).toString('base64url');

describe('a token header', () => {
  it('gives what chooses the key, and nothing that it says about keys', () => {
    const header = part('{"alg":"RS256","kid":"k","typ":"at+jwt","jku":"https://a.test","jwk":{},"x5u":"u","x5c":[]}');
    expect(readTokenHeader(header)).toEqual({ alg: 'RS256', kid: 'k', typ: 'at+jwt' });
  });

  it.each([
    ['{"alg":"none"}', 'algorithm'],
    ['{"alg":"HS256"}', 'algorithm'],
    ['{"alg":"rs256"}', 'algorithm'],
    ['{"alg":"RS256","crit":[]}', 'critical'],
    ['{"alg":"RS256","b64":true}', 'critical'],
    ['{}', 'malformed'],
    ['{"alg":"none","alg":"RS256"}', 'malformed'],
    ['{"alg":"RS256","kid":1}', 'malformed'],
    ['[]', 'malformed'],
    ['null', 'malformed'],
    ['\u0000', 'malformed'],
  ])('of %j is refused as %s', (text, reason) => {
    expect(() => readTokenHeader(part(text))).toThrow(expect.objectContaining({ reason }));
  });

  it.each([
    ['nested deeper than any', `{"alg":"RS256","x":${'['.repeat(6000)}${']'.repeat(6000)}}`],
    ['with more members than any', JSON.stringify(Object.fromEntries(Array.from({ length: 33 }, (_, n) => [n, 0])))],
    ['with more entries than any', `{"alg":"RS256","x5c":[${'0,'.repeat(70)}0]}`],
  ])('%s is refused as malformed', (_what, text) => {
    expect(() => readTokenHeader(part(text))).toThrow(expect.objectContaining({ reason: 'malformed' }));
  });

  it('names the accepted type with or without "application/", in any case', () => {
    expect(isTokenType('application/AT+JWT', 'at+jwt')).toBe(true);
    expect(isTokenType('at+jwt', 'application/at+jwt')).toBe(true);
    expect(isTokenType('id+jwt', 'at+jwt')).toBe(false);
    expect(isTokenType(undefined, 'at+jwt')).toBe(false);
  });
});
