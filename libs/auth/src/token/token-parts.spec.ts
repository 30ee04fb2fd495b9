import { describe, expect, it } from '@jest/globals';
import { tokenParts } from './token-parts.js';

describe('the parts of a token', () => {
  it('are cut from the compact form only', () => {
    expect(tokenParts('a-_.b.c')).toEqual({ header: 'a-_', claims: 'b' });
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
      expect(() => tokenParts(token)).toThrow(/malformed/);
    }
  });

  it('are not looked for in a token of more than 16 KB', () => {
    expect(() => tokenParts(`a.b.${'c'.repeat(16 * 1024 - 3)}`)).toThrow(/malformed/);
    expect(tokenParts(`a.b.${'c'.repeat(16 * 1024 - 4)}`).header).toBe('a');
  });
});
