import { describe, expect, it } from '@jest/globals';
import { headerPart, readTokenHeader } from './token-header.js';

const part = (text: string): string => Buffer.from(text).toString('base64url');

describe('a token header', () => {
  it('gives what chooses the key, and nothing that it says about keys', () => {
    const header = part('{"alg":"RS256","kid":"k","typ":"at+jwt","jku":"https://a.test","jwk":{},"x5u":"u","x5c":[]}');
    expect(readTokenHeader(header)).toEqual({ alg: 'RS256', kid: 'k', typ: 'at+jwt' });
  });

  it('is cut from the compact form only', () => {
    expect(headerPart('a-_.b.c')).toBe('a-_');
    for (const token of [
      '',
      'a',
      'a.b',
      'a.b.',
      '.b.c',
      'a..c',
      'a.b.c.d.e',
      'a.b.c=',
      'a.b.c\n',
      ' a.b.c',
      'a+.b.c',
    ]) {
      expect(() => headerPart(token)).toThrow(/malformed/);
    }
  });

  it('is not looked at in a token of more than 16 KB', () => {
    expect(() => headerPart(`a.b.${'c'.repeat(16 * 1024 - 3)}`)).toThrow(/malformed/);
    expect(headerPart(`a.b.${'c'.repeat(16 * 1024 - 4)}`)).toBe('a');
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
});
