import { expect, it } from '@jest/globals';
import { isIdFor } from './key-id.js';

it.each([
  [1, '01'],
  [1, '0001'],
  [1, '00000001'],
  [1, '01000000'],
  [258, '0102'],
  [258, '02010000'],
  [0, '00'],
  [Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
])('the number %d is the id 0x%s', (number, id) => {
  expect(isIdFor(Buffer.from(id, 'hex'), number)).toBe(true);
});

it.each([
  [1, ''],
  [1, '02'],
  [1, '0101'],
  [0, ''],
  [49, '3439'],
])('the number %d is not the id 0x%s', (number, id) => {
  expect(isIdFor(Buffer.from(id, 'hex'), number)).toBe(false);
});

it.each([
  ['a1b2', 'a1b2', true],
  ['01', '01', true],
  ['12', '0c', false],
  ['a1b2', 'b2a1', false],
  ['a1b2', '0000a1b2', false],
])('the bytes %s and the id 0x%s are the same: %p', (bytes, id, expected) => {
  expect(isIdFor(Buffer.from(id, 'hex'), bytes)).toBe(expected);
});
