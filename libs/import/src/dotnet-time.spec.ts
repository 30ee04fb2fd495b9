import { describe, expect, it } from '@jest/globals';
import { utcTextOfDotnet } from './dotnet-time.js';

describe('utcTextOfDotnet', () => {
  it.each([
    ['2023-01-10T00:11:22.1234567Z', '2023-01-10 00:11:22.1234567'],
    ['2023-01-10T00:11:22Z', '2023-01-10 00:11:22.0000000'],
    ['2023-01-10T00:11:22.5', '2023-01-10 00:11:22.5000000'],
    ['2023-01-10T00:11:22.1234567+02:00', '2023-01-09 22:11:22.1234567'],
    ['0001-01-01T00:00:00', '0001-01-01 00:00:00.0000000'],
  ])('reads %s as UTC, to the last of its digits', (text, expected) => {
    expect(utcTextOfDotnet(text)).toBe(expected);
  });

  it.each([
    '',
    '2023-01-10',
    '2023-02-30T00:00:00Z',
    '2023-01-10T24:00:01Z',
    '2023-01-10T00:11:22.12345678Z',
    '/Date(0)/',
  ])('refuses %p', (text) => {
    expect(utcTextOfDotnet(text)).toBeUndefined();
  });
});
