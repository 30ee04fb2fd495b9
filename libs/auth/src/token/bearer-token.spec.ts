import { describe, expect, it } from '@jest/globals';
import { assertOneAuthorizationHeader, bearerToken } from './bearer-token.js';
import { TokenInvalid } from './token.errors.js';

const request = (authorization: string | undefined, rawHeaders: string[] = []) => ({
  headers: { authorization },
  raw: { rawHeaders },
});

describe('the bearer token', () => {
  it.each(['Bearer a.b.c', 'bearer a.b.c', 'BEARER   a.b.c'])('is read from "%s"', (header) => {
    expect(bearerToken(request(header))).toBe('a.b.c');
  });

  it.each([undefined, '', 'Bearer', 'Basic YTpi', 'Bearer  ', 'a.b.c', 'Bearera.b.c', 'DPoP a.b.c'])(
    'is missing with "%s"',
    (header) => {
      expect(bearerToken(request(header))).toBeNull();
    },
  );

  it('is refused when the header is there twice, in any case', () => {
    const rawHeaders = ['Host', 'x', 'Authorization', 'Bearer a.b.c', 'AUTHORIZATION', 'Bearer d.e.f'];
    expect(() => {
      assertOneAuthorizationHeader(request('Bearer a.b.c', rawHeaders));
    }).toThrow(TokenInvalid);
  });

  it('is not counted in header values', () => {
    const rawHeaders = ['Authorization', 'Bearer a.b.c', 'X-Name', 'authorization'];
    expect(() => {
      assertOneAuthorizationHeader(request('Bearer a.b.c', rawHeaders));
    }).not.toThrow();
  });
});
