import { format, inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { loadSettings } from './load-settings.js';
import { SettingsInvalid } from './settings.errors.js';
import {
  choices,
  completed,
  environmentOf,
  secretSettings,
  textsIn,
  uriSettings,
  withCanary,
  withoutSecret,
} from './testing/canaries.js';
import { enoughAnd, SpecFolder } from './testing/settings-case.js';

const canary = 'hunter2canary';

/** The lines with the canary in all that a program prints of an object, however it does. */
const leaks = (value: object): string[] =>
  [
    JSON.stringify(value, undefined, 1),
    inspect(value, { depth: Infinity, showHidden: true, getters: true }),
    format('%s %o %O %j', value, value, value, value),
  ].flatMap((text) => text.split('\n').filter((line) => line.includes(canary)));

/** How far a value came: to the settings of how many choices. Throws where one of them prints it. */
async function arrivals(name: string, value: string): Promise<number> {
  let count = 0;
  for (const choice of choices) {
    const loaded = await completed({ ...choice, [name]: value });
    if (loaded === undefined) continue;
    expect([choice, leaks(loaded.settings)]).toEqual([choice, []]);
    if (textsIn(loaded.settings).some((text) => text.includes(canary))) count += 1;
  }
  return count;
}

/** What is said where settings do not load. Throws where that holds the canary. */
async function refusals(name: string, value: string): Promise<string> {
  const messages = choices.map((choice) =>
    loadSettings(environmentOf({ ...choice, [name]: value })).then(
      () => '',
      (error: unknown) => {
        if (!(error instanceof SettingsInvalid)) throw error;
        expect(leaks(error)).toEqual([]);
        return error.message;
      },
    ),
  );
  return (await Promise.all(messages)).join('\n');
}

describe('what is never printed of the settings', () => {
  const cases = secretSettings.flatMap((name) => withCanary(name, canary).map((value) => [name, value]));

  it.each(cases.filter(([name = '']) => !withoutSecret.includes(name)))(
    'is the secret %s (%#), which reaches the settings of its provider',
    async (name = '', value = '') => {
      expect(await arrivals(name, value)).toBeGreaterThan(0);
      await refusals(name, value);
    },
  );

  it.each(uriSettings)('is the user or password of %s, which is refused, and what to do is said', async (name) => {
    for (const userinfo of [`user:${canary}`, canary, `:${canary}`]) {
      const said = await refusals(name, `https://${userinfo}@server.example`);
      expect(said).toContain(`${name}: must hold no user name or password: remove what stands before the @`);
    }
  });

  it.each(uriSettings)('is the query of %s', async (name) => {
    for (const after of [`?sig=${canary}`, `/?${canary}`, `#${canary}`]) {
      const value = `https://server.example/path${after}`;
      const said = await refusals(name, value);
      const isRefused = said.includes(`${name}: must be the address of a server`);
      expect((await arrivals(name, value)) > 0).not.toBe(isRefused);
    }
  });

  it('is what a package marks as `writeOnly`', async () => {
    const folder = new SpecFolder();
    const path = folder.write(
      'provider.mjs',
      `const properties = { pin: { type: 'string', writeOnly: true }, slot: { type: 'string' } };
       const validate = (value) => ({ value });
       export const keyProvider = {
         apiVersion: 1,
         settings: { '~standard': { version: 1, vendor: 'test', validate, jsonSchema: { input: () => ({ type: 'object', properties }) } } },
         describe: ({ slot, pin }) => 'slot ' + slot + (pin === '${canary}' ? ', which has its PIN' : ''),
         open: () => undefined,
       };`,
    );
    const named = enoughAnd({
      rsaKey__provider: `module:${path}`,
      rsaKey__module__slot: '7',
      rsaKey__module__pin: canary,
    });
    const settings = await loadSettings(named);
    folder.remove();
    expect(JSON.stringify(settings)).toContain('slot 7, which has its PIN');
    expect(leaks(settings)).toEqual([]);
  });
});
