import { describe, expect, it } from '@jest/globals';
import { hasUniqueMembers } from './unique-members.js';

const unique = (text: string): boolean => hasUniqueMembers(text, JSON.parse(text));

describe('unique members', () => {
  it.each([
    '{}',
    '{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}',
    '{ "a" : 1.0, "b" : "\\u0061" }',
    '{"2":0,"1":0}',
    '{"__proto__":1,"constructor":2}',
    '{"a":"\\"a\\":1"}',
    '{"a":1,"A":2}',
  ])('are found in %s', (text) => {
    expect(unique(text)).toBe(true);
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"\\u0061":3}',
    '{"x":{"a":1,"a":2}}',
    '[[{"a":1,"b":[{}],"a":2}]]',
    '{"__proto__":1,"__proto__":2}',
    '{"a":{"a":1},"a":{"a":1}}',
  ])('are not found in %s', (text) => {
    expect(unique(text)).toBe(false);
  });

  it('are not looked for deeper than any token is nested', () => {
    expect(unique(`${'['.repeat(100_000)}1.0${']'.repeat(100_000)}`)).toBe(false);
  });
});
