import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { rejection } from '../../testing/rejection.js';
import { checkedModule, loadModule } from './load-module.js';
import { ModuleUnusable } from './package.errors.js';

const folder = mkdtempSync(join(tmpdir(), 'key-connector-modules-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const file = (name: string, source: string): string => {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
};
const whyUnusable = async (name: string, timeoutSeconds = 15): Promise<string> => {
  const error = await rejection(loadModule(name, timeoutSeconds));
  expect(error).toBeInstanceOf(ModuleUnusable);
  return error.message;
};

const jsonSchema = (properties: object): object => ({ input: () => ({ type: 'object', properties }) });
const schema = (properties: object): object => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) => ({ value }),
    jsonSchema: jsonSchema(properties),
  },
});
const provider = { apiVersion: 1, settings: schema({}), describe: () => 'a key', open: () => undefined };

describe('the package of a key provider', () => {
  it.each(['./relative.js', '../up', 'https://example.com/x.js', 'data:text/javascript,0', 'a b'])(
    'is named by a package name or an absolute path, not as %s',
    async (name) => {
      expect(await whyUnusable(name)).toMatch(/^must be module:<name of a package>/);
    },
  );

  it('is named when it is not installed', async () => {
    expect(await whyUnusable('@acme/no-such-package')).toMatch(
      /^names @acme\/no-such-package, which cannot be loaded: .*npm install --no-save --omit=dev @acme\/no-such-package$/,
    );
  });

  it('that throws while it is loaded is named with class and place, and without the message', async () => {
    const path = file('throws.mjs', `throw new TypeError('hunter2 at /secret:1:1');`);
    const why = await whyUnusable(path);
    expect(why).toMatch(/which throws while it is loaded \(TypeError/);
    expect(why).not.toMatch(/hunter2|secret/);
  });

  it('that never finishes loading is given up at the deadline, and named', async () => {
    const path = file('hangs.mjs', 'await new Promise(() => undefined);');
    expect(await whyUnusable(path, 0.1)).toMatch(
      /hangs\.mjs, which has not finished loading after 0\.1 s \(rsaKey__timeoutSeconds\): a top-level await/,
    );
  });

  it('that does not finish loading, but fails later, is no unhandled rejection', async () => {
    const path = file('late.mjs', `await new Promise((_, fail) => setTimeout(() => fail(new Error('late')), 200));`);
    expect(await whyUnusable(path, 0.05)).toContain('has not finished loading');
    await new Promise((resolve) => setTimeout(resolve, 300));
  });

  it('that cannot be parsed is named with what is wrong', async () => {
    expect(await whyUnusable(file('broken.mjs', 'export const = 1;'))).toMatch(/which cannot be loaded: /);
  });

  it.each([
    ['no keyProvider', undefined, 'exports no object `keyProvider`'],
    [
      'an older contract',
      { ...provider, apiVersion: 0 },
      'is written for apiVersion 0 of the contract; this service knows 1',
    ],
    ['no version', { ...provider, apiVersion: undefined }, 'no apiVersion'],
    ['no open', { ...provider, open: undefined }, 'without open()'],
    ['no schema', { ...provider, settings: {} }, 'are no Standard Schema'],
    ['a nested setting', { ...provider, settings: schema({ a: { type: 'object' } }) }, '"a" is a group'],
    ['two names in one', { ...provider, settings: schema({ pin: {}, PIN: {} }) }, 'in case alone'],
    ['a name of ours', { ...provider, settings: schema({ pin_file: {} }) }, 'ends in _FILE'],
    ['a name that no variable can have', { ...provider, settings: schema({ 'a.b': {} }) }, 'letters and digits'],
  ])('with %s is refused, and told why', (_, exported, why) => {
    expect(() => checkedModule('@acme/x', exported)).toThrow(why);
    expect(() => checkedModule('@acme/x', exported)).toThrow('@acme/x');
  });
});
