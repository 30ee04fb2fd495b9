import { afterAll, describe, expect, it } from '@jest/globals';

import { loadSettings } from './load-settings.js';
import { textsIn } from './testing/canaries.js';
import { enough, enoughAnd, problemLines, SpecFolder } from './testing/settings-case.js';

const valid = `
KEYCONNECTORSETTINGS:
  identityserveruri: https://vault.example/identity
  webVaultUri:
  Database:
    provider: sqlite
    SQLiteConnectionString: Data Source=/srv/keys.db
  certificate: {filesystemPath: /srv/bwkc.pfx, filesystemPassword: 0001}
  http:
    port: 5001
    allowedOrigins:
      - https://a.example
      - https://b.example
    trustProxy: [10.0.0.0/8]
  log:
    requests: false
    level: ~
  rsaKey:
`;

const manyNames = (indent: string): string =>
  Array.from({ length: 20_000 }, (_, n) => `${indent}n${n.toString(36)}: 1\n`).join('');

describe('the YAML file', () => {
  const folder = new SpecFolder();
  afterAll(() => {
    folder.remove();
  });
  const configured = (content: string | Uint8Array) => ({ KEY_CONNECTOR_CONFIG: folder.write('config.yaml', content) });
  const problems = (content: string | Uint8Array): Promise<string[]> =>
    problemLines({ ...enough, ...configured(content) });

  it('gives the same tree as the environment, with names in any case and blank values not given', async () => {
    const settings = await loadSettings(configured(valid));
    expect(settings.http).toMatchObject({ port: 5001, allowedOrigins: ['https://a.example', 'https://b.example'] });
    expect(settings.http.trustProxy).toEqual(['10.0.0.0/8']);
    expect(settings.log).toEqual({ level: 'info', requests: false });
    expect(settings.webVaultUri).toBeUndefined();
  });

  it('keeps a value the text that was written', async () => {
    expect(textsIn(await loadSettings(configured(valid)))).toContain('0001');
  });

  it('yields to the environment', async () => {
    const settings = await loadSettings({ ...configured(valid), ...enoughAnd({ http__port: '6000' }) });
    expect(settings.http.port).toBe(6000);
  });

  it('reads a secret from a file', async () => {
    const file = folder.write('secret', 'open\n');
    const yaml = `keyConnectorSettings: {certificate: {filesystemPassword_FILE: ${file}}}`;
    expect(textsIn(await loadSettings({ ...enough, ...configured(yaml) }))).toContain('open');
  });

  it('cannot give a secret whose file the environment names', async () => {
    const file = folder.write('secret', 'open\n');
    const environment = enoughAnd({ certificate__filesystemPassword_FILE: file });
    const yaml = configured('keyConnectorSettings: {certificate: {filesystemPassword: sesame}}');
    expect(await problemLines({ ...environment, ...yaml })).toEqual([expect.stringContaining('keep one')]);
  });

  it.each(['', '# nothing\n', 'keyConnectorSettings:\n', 'keyConnectorSettings: {}\n'])(
    'may give nothing (%j)',
    async (content) => {
      expect(await problems(content)).toEqual([]);
    },
  );

  it.each([
    [
      'a name given twice',
      'keyConnectorSettings:\n  log:\n    level: info\n    LEVEL: warn\n',
      'gives one name twice',
      4,
    ],
    [
      'an alias',
      'keyConnectorSettings:\n  webVaultUri: &a https://a.example\n  identityServerUri: *a\n',
      'holds an alias',
      3,
    ],
    ['a tab', 'keyConnectorSettings:\n\tlog:\n', 'is indented with a tab', 2],
    [
      'a second document',
      'keyConnectorSettings: {}\n---\nkeyConnectorSettings: {}\n',
      'holds more than one document',
      2,
    ],
    ['another root', 'logging: {}\n', 'has a name beside keyConnectorSettings', 1],
    ['no root', '- a\n', 'must begin with keyConnectorSettings:', 1],
    [
      'an unknown name',
      'keyConnectorSettings:\n  log:\n    levle: info\n',
      'did you mean keyConnectorSettings__log__level?',
      3,
    ],
    ['a value for a group', 'keyConnectorSettings:\n  log: info\n', 'log: is a group of settings', 2],
    ['a group for a value', 'keyConnectorSettings:\n  log:\n    level: {a: b}\n', 'log__level__a: is not a known', 3],
    ['a list for a value', 'keyConnectorSettings:\n  log:\n    level: [info]\n', 'must be one value, not a list', 3],
    [
      'a list of groups',
      'keyConnectorSettings:\n  http:\n    allowedOrigins: [{a: b}]\n',
      'has a list of something other',
      3,
    ],
    ['a wrong value', 'keyConnectorSettings:\n  log:\n    level: loud\n', 'log__level: must be one of', 3],
    [
      'a flat and a nested spelling',
      'keyConnectorSettings:\n  log: {level: info}\n  log__level: info\n',
      'is given more than once',
      2,
    ],
  ])('is refused with its line for %s', async (_, content, rule, line) => {
    const [first, ...others] = await problems(content);
    expect(first).toContain(rule);
    expect(first).toContain(`config.yaml, line ${line}`);
    expect(others).toEqual([]);
  });

  it.each([
    ['a bomb of aliases', `a: &a [x]\n${Array.from({ length: 30 }, (_, n) => `b${n}: [*a, *a, *a]`).join('\n')}`],
    ['a deep nest', '['.repeat(100_000)],
    ['too much of it', `# ${'x'.repeat(256 * 1024)}`],
    ['binary content', Buffer.from([0xff, 0xfe, 0x00])],
  ])('is refused soon for %s', async (_, content) => {
    const start = performance.now();
    expect((await problems(content)).length).toBeGreaterThan(0);
    // Each takes milliseconds; a bomb that goes off takes minutes, or all the memory.
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it.each([
    [
      'under one group',
      `keyConnectorSettings:\n  http:\n${manyNames('    ')}`,
      /^ {2}names: are unknown in 19980 places more/,
    ],
    ['beside each other', `keyConnectorSettings:\n${manyNames('  ')}`, /^ {2}names: are unknown in 19980 places more/],
    ['beside the root', manyNames(''), /^ {2}… and 19950 more$/],
  ])('with 20,000 names that mean nothing %s is refused soon, in one short message', async (_, content, rest) => {
    const start = performance.now();
    const lines = await problems(content);
    // It takes a fifth of a second; comparing all names with each other takes minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(lines).toContainEqual(expect.stringMatching(rest));
    expect(lines.length).toBeLessThanOrEqual(51);
    expect(lines.join('\n').length).toBeLessThan(10_000);
  });

  it('says nothing of missing settings while it cannot be read itself', async () => {
    expect(await problemLines({ KEY_CONNECTOR_CONFIG: folder.pathOf('missing.yaml') })).toEqual([
      `  settings file: does not exist (${folder.pathOf('missing.yaml')})`,
    ]);
  });
});
