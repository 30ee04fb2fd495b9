import { describe, expect, it } from '@jest/globals';
import { quoted } from './quoted.js';

describe('text from outside', () => {
  it.each([
    ['https://a.test|login', '"https://a.test|login"'],
    ['a"b\\c', String.raw`"a\"b\\c"`],
    ['a\nb\0\u001b[31m', String.raw`"a\nb\u0000\u001b[31m"`],
    ['\u007f\u009b\u202eevil\ufeff', String.raw`"\u007f\u009b\u202eevil\ufeff"`],
  ])('is shown in one line of ASCII: %j', (text, shown) => {
    expect(quoted(text)).toBe(shown);
  });

  it('is cut where it is too long', () => {
    expect(quoted('x'.repeat(100_000))).toBe(`"${'x'.repeat(200)}"…`);
  });
});
