import { describe, expect, it } from '@jest/globals';
import { isWithinLimits, type JsonLimits } from './json-limits.js';

const limits: JsonLimits = { depth: 4, members: 6, commas: 5, repeatedNames: 'refused' };

describe('limits of JSON', () => {
  it.each([
    '{}',
    '{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}',
    '{ "a" : 1.0, "b" : "\\u0061" }',
    '{"2":0,"1":0}',
    '{"__proto__":1,"constructor":2}',
    '{"a":"\\"a\\":1"}',
    '{"a":1,"A":2}',
  ])('are kept by %s', (text) => {
    expect(isWithinLimits(text, limits)).toBe(true);
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"\\u0061":3}',
    '{"x":{"a":1,"a":2}}',
    '[[{"a":1,"b":[{}],"a":2}]]',
    '{"__proto__":1,"__proto__":2}',
    '{"a":{"a":1},"a":{"a":1}}',
  ])('are not kept by a name that is there twice: %s', (text) => {
    expect(isWithinLimits(text, limits)).toBe(false);
  });

  it.each([
    ['{"a":1,"a":1}', { repeatedNames: 'allowed' }, true],
    ['[[[[]]]]', {}, true],
    ['[[[[[]]]]]', {}, false],
    ['[[],[],[],[[[{}]]]]', {}, false],
    ['{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', {}, true],
    ['{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}', { commas: 9 }, false],
    ['{"a":{"b":{"c":{"d":1}}},"e":{"f":{"g":1}}}', {}, false],
    ['[0,0,0,0,0,0]', {}, true],
    ['[0,0,0,0,0,0,0]', {}, false],
    ['"[[[[[[,,,,,,,,,::::::::"', {}, true],
    ['"\\\\\\"[[[[[[,,,,,,,"', {}, true],
    ['["\\\\",[[[[[]]]]]]', {}, false],
  ] as const)('are limits of structure: %s with %j is within: %s', (text, more, within) => {
    expect(isWithinLimits(text, { ...limits, ...more })).toBe(within);
  });

  it('let text that is no JSON pass, which is for the parser to refuse', () => {
    for (const text of ['', '"', '{"a', '}}}}]', '{"a\\', ':::', '{"\\ud":1,"\\x":2}']) {
      expect(isWithinLimits(text, limits)).toBe(true);
    }
  });
});
