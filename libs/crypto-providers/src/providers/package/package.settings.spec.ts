import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ChosenModule } from './chosen-module.js';
import { checkedModule } from './load-module.js';
import { moduleSettingsSchema } from './package.settings.js';

const settings = z.object({
  slot: z.coerce.number({ error: 'must be a whole number' }).describe('The slot.'),
  pin: z.string().meta({ description: 'The PIN.', writeOnly: true }),
  hosts: z.array(z.string()).or(z.string()).optional().describe('The hosts.'),
});
type Settings = z.output<typeof settings>;

const moduleWith = (more: object = {}) =>
  moduleSettingsSchema(
    checkedModule('@acme/x', {
      apiVersion: 1,
      settings,
      describe: ({ slot }: Settings) => `slot ${slot}`,
      open: () => undefined,
      ...more,
    }),
  );
const problems = (given: object, more?: object): string[] =>
  (moduleWith(more).safeParse(given).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('the settings of a package', () => {
  it('are handed over as its own schema gives them, and shown without secrets', () => {
    const chosen = moduleWith().parse({ slot: '3', pin: '0001', hosts: ['a', 'b'] });
    expect(chosen).toBeInstanceOf(ChosenModule);
    expect(chosen.description).toBe('slot 3 (@acme/x)');
    expect(JSON.parse(JSON.stringify(chosen))).toMatchObject({ given: { slot: '3', pin: '***', hosts: ['a', 'b'] } });
  });

  it('are refused by name, with what a missing one is', () => {
    expect(problems({ slot: 'three' })).toEqual(['slot: must be a whole number', 'pin: is required: The PIN.']);
  });

  it('never have a value repeated by the package’s message', () => {
    const leaking = {
      '~standard': {
        ...settings['~standard'],
        validate: (value: Settings) => ({
          issues: [
            { path: ['slot'], message: `${value.slot} is no slot` },
            { path: [{ key: 'pin' }], message: `not the PIN ${value.pin}` },
          ],
        }),
      },
    };
    const said = problems({ slot: 'hunter2', pin: '7' }, { settings: leaking });
    expect(said).toHaveLength(2);
    expect(said.join()).not.toMatch(/hunter2|7/);
  });

  it('of a schema that throws or waits are refused with the package’s name', () => {
    const throwing = (validate: () => unknown): object => ({ '~standard': { ...settings['~standard'], validate } });
    const hunter2 = throwing(() => {
      throw new Error('hunter2');
    });
    expect(problems({}, { settings: hunter2 })).toEqual([expect.stringMatching(/^: .*@acme\/x throws \(Error/)]);
    expect(problems({}, { settings: throwing(() => Promise.resolve()) })).toEqual([
      expect.stringContaining('@acme/x is asynchronous'),
    ]);
  });

  it('that the package cannot describe are refused', () => {
    expect(problems({ slot: '1', pin: '1' }, { describe: () => '' })).toEqual([
      expect.stringContaining('describes nothing'),
    ]);
  });
});
