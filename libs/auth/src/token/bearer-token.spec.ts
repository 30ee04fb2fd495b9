import { describe, expect, it } from '@jest/globals';
import { TokenInvalid, TokenMissing } from '../auth.errors.js';
import { bearerToken } from './bearer-token.js';

const request = (authorization: string | undefined, rawHeaders: string[] = []) => ({
  headers: { authorization },
  raw: { rawHeaders },
});

describe('the bearer token', () => {
  it.each(['Bearer a.b.c', 'bearer a.b.c', 'BEARER   a.b.c'])('is read from "%s"', (header) => {
    expect(bearerToken(request(header))).toBe('a.b.c');
  });

  it.each([undefined, '', 'Bearer', 'Basic YTpi', 'a.b.c', 'Bearera.b.c', 'DPoP a.b.c'])(
    'is missing with "%s"',
    (header) => {
      expect(() => bearerToken(request(header))).toThrow(TokenMissing);
    },
  );

  it('is refused when the header is there twice, in any case', () => {
    const rawHeaders = ['Host', 'x', 'Authorization', 'Bearer a.b.c', 'AUTHORIZATION', 'Bearer d.e.f'];
    expect(() => bearerToken(request('Bearer a.b.c', rawHeaders))).toThrow(TokenInvalid);
  });

  it('is not looked for in header values', () => {
    expect(bearerToken(request('Bearer a.b.c', ['Authorization', 'Bearer a.b.c', 'X-Name', 'authorization']))).toBe(
      'a.b.c',
    );
  });
});
