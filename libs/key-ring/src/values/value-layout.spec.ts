import { describe, expect, it } from '@jest/globals';
import { ValueLayoutRefused } from '../key-ring.errors.js';
import { resolveLayout } from './value-layout.js';

describe('the value layout', () => {
  it.each([
    [[0], 'classic'],
    [[0, 1], 'bound'],
    [[1], 'boundOnly'],
    [[1, 2], 'boundOnly'],
  ])('is chosen for the data keys %j: %s', (ids, layout) => {
    expect(resolveLayout('auto', ids)).toBe(layout);
  });

  it('is what the setting says, else', () => {
    expect(resolveLayout('classic', [0])).toBe('classic');
    expect(resolveLayout('bound', [0])).toBe('bound');
    expect(resolveLayout('boundOnly', [0])).toBe('boundOnly');
  });

  it('is never classic under a data key that classic software does not know', () => {
    expect(() => resolveLayout('classic', [0, 1])).toThrow(ValueLayoutRefused);
    expect(() => resolveLayout('classic', [1])).toThrow('keyRing__valueLayout');
  });
});
