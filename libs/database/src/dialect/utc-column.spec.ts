import { describe, expect, test } from '@jest/globals';
import { fromUtcText, toUtcText } from './utc-column.js';

describe('a time column', () => {
  test('holds UTC with seven digits, as existing SQLite files do', () => {
    expect(toUtcText(new Date('2026-01-02T03:04:05.678Z'))).toBe('2026-01-02 03:04:05.6780000');
  });

  test.each([
    ['2026-01-02 03:04:05', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02 03:04:05.1', '2026-01-02T03:04:05.100Z'],
    ['2026-01-02 03:04:05.123456', '2026-01-02T03:04:05.123Z'],
    ['2026-01-02 03:04:05.9999999', '2026-01-02T03:04:05.999Z'],
    ['2026-01-02T03:04:05.1234567Z', '2026-01-02T03:04:05.123Z'],
  ])('%s reads as %s, whatever the zone of the process', (text, iso) => {
    expect(fromUtcText(text).toISOString()).toBe(iso);
  });

  test('text that is no time is refused without being shown', () => {
    expect(() => fromUtcText('last Tuesday')).toThrow(RangeError);
    expect(() => fromUtcText('last Tuesday')).not.toThrow(/Tuesday/);
  });
});
