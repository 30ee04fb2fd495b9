import { describe, expect, it } from '@jest/globals';
import { ValueLayoutRefused } from '../key-ring.errors.js';
import { atLeast, requireLayout } from './value-layout.js';

describe('the value layout', () => {
  it.each([
    ['classic', 'auto', 'classic'],
    ['bound', 'auto', 'bound'],
    ['classic', 'boundOnly', 'boundOnly'],
    ['bound', 'boundOnly', 'boundOnly'],
    ['boundOnly', 'bound', 'boundOnly'],
    ['bound', 'classic', 'bound'],
  ] as const)('is at least what the manifest asks for, %s, and with the setting %s: %s', (least, setting, layout) => {
    expect(atLeast(least, setting)).toBe(layout);
  });

  it('is never asked to be classic where classic software could not read what is there', () => {
    expect(() => {
      requireLayout('bound', 'classic');
    }).toThrow(ValueLayoutRefused);
    for (const setting of ['auto', 'bound', 'boundOnly'] as const) requireLayout('boundOnly', setting);
    requireLayout('classic', 'classic');
  });
});
