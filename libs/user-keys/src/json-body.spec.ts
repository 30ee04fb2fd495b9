import { describe, expect, test } from '@jest/globals';
import { readJsonBody } from './json-body.js';
import { BodyMalformed } from './user-keys.errors.js';

describe('a JSON body', () => {
  test.each([
    '{"key":"a"}',
    '\uFEFF{"key":"a"}',
    '{ "key" : "a\\":\\"b" , "more" : [ {"key":1}, {"key":[{}, null, "x:"]} ] }',
    '[[["key"]]]',
    'null',
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
  ])('%s is read', (text) => {
    expect(readJsonBody(Buffer.from(text))).toEqual(JSON.parse(text.replace('\uFEFF', '')));
  });

  test.each([
    ['no JSON', '{"key":'],
    ['empty', ''],
    ['a member that is there twice', '{"key":"a","key":"b"}'],
    ['a member that is there twice, once in escapes', '{"key":"a","\\u006bey":"b"}'],
    ['a member of a member that is there twice', '{"key":"a","more":{"a":1,"a":1}}'],
  ])('that is %s is refused', (_what, text) => {
    expect(() => readJsonBody(Buffer.from(text))).toThrow(BodyMalformed);
  });

  test('that is no UTF-8 is refused', () => {
    expect(() => readJsonBody(Buffer.from([0x22, 0xff, 0x22]))).toThrow(BodyMalformed);
  });
});
