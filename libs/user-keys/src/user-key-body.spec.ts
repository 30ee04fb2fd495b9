import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { parseUserKey } from './user-key-body.js';
import { UserKeyInvalid } from './user-keys.errors.js';

const good = randomBytes(32);
const text = good.toString('base64');

describe('the body of a write', () => {
  test('holds the key as "key" or "Key", and other members are ignored', () => {
    expect(parseUserKey({ key: text })).toEqual(good);
    expect(parseUserKey({ Key: text })).toEqual(good);
    expect(parseUserKey({ key: text, more: 1 })).toEqual(good);
  });

  test('every 32 bytes have one spelling that is taken', () => {
    for (let round = 0; round < 1000; round += 1) {
      const bytes = randomBytes(32);
      expect(parseUserKey({ key: bytes.toString('base64') })).toEqual(bytes);
    }
  });

  test.each<[string, unknown]>([
    ['31 bytes', { key: randomBytes(31).toString('base64') }],
    ['33 bytes', { key: randomBytes(33).toString('base64') }],
    ['no padding', { key: text.slice(0, -1) }],
    ['URL-safe letters', { key: `-_${'A'.repeat(41)}=` }],
    ['a blank inside', { key: ` ${text}` }],
    ['a line break at the end', { key: `${text}\n` }],
    ['bits beyond the last byte', { key: `${'A'.repeat(42)}B=` }],
    ['an empty key', { key: '' }],
    ['a number', { key: 7 }],
    ['null', { key: null }],
    ['both spellings', { key: text, Key: text }],
    ['no key', {}],
    ['no body', undefined],
    ['a null body', null],
    ['an array', [text]],
    ['bare text', text],
  ])('%s is refused, naming the rule and not the value', (_what, body) => {
    expect(() => parseUserKey(body)).toThrow(UserKeyInvalid);
    expect(() => parseUserKey(body)).not.toThrow(text.slice(0, 20));
  });
});
