import { afterAll, describe, expect, it } from '@jest/globals';
import { readEnvFiles } from './env-file.js';
import { loadSettings } from './load-settings.js';
import { enough, enoughAnd, nameOf, problemLines, SpecFolder } from './testing/settings-case.js';

const folder = new SpecFolder();
afterAll(() => {
  folder.remove();
});

let count = 0;
const fileOf = (content: string | Uint8Array): string => folder.write(`${(count += 1)}.env`, content);

/** The variables of a file, and its faults by line. */
async function read(content: string | Uint8Array, environment = {}): Promise<[Record<string, string>, string[]]> {
  const file = fileOf(content);
  const { variables, problems } = await readEnvFiles([file], environment);
  const values = [...variables].map(([name, { value }]) => [name, value] as const);
  return [Object.fromEntries(values), problems.map(({ rule, where }) => `${where.replace(`${file}, `, '')} ${rule}`)];
}

describe('an env file', () => {
  // What `docker create --env-file` of Docker 28.2 puts into a container's environment.
  it.each<[string, string, Record<string, string>]>([
    ['a # in a value', 'V=Sommer#2024', { V: 'Sommer#2024' }],
    ['a # behind a blank', 'V=Sommer #2024', { V: 'Sommer #2024' }],
    ['quotes around a value', `V="a b"\nW='a b'`, { V: '"a b"', W: "'a b'" }],
    ['quotes inside', `V=Password="a;b";X='1'`, { V: `Password="a;b";X='1'` }],
    ['a quote that nothing closes', `V="abc\nW=it's`, { V: '"abc', W: "it's" }],
    ['backslashes, also at the end', 'V=a\\nb\\\\c\\\nW=b', { V: 'a\\nb\\\\c\\', W: 'b' }],
    ['dollars, percents and backticks', 'V=$$w$HOME.${HOME}50%H`x`', { V: '$$w$HOME.${HOME}50%H`x`' }],
    ['signs of a shell', 'V=a;b&c|d<e>(f)*', { V: 'a;b&c|d<e>(f)*' }],
    ['blanks around a value', 'V=  a \t', { V: '  a \t' }],
    ['blanks before a name', '  V=a\n\tW=b\n\u00a0X=c', { V: 'a', W: 'b', X: 'c' }],
    ['more than one =', 'V=a=b==', { V: 'a=b==' }],
    ['nothing behind =', 'V=', { V: '' }],
    ['dots, dashes and colons in a name', 'a.b=1\na-b=2\nk:d=3', { 'a.b': '1', 'a-b': '2', 'k:d': '3' }],
    ['comments and blank lines', '#V=1\n\n  #W=1\nX=1', { X: '1' }],
    ['a name twice', 'V=1\nV=2', { V: '2' }],
    ['a byte-order mark', '\uFEFFV=1', { V: '1' }],
    ['line ends of Windows', 'V=1\r\nW=2\r\n', { V: '1', W: '2' }],
    ['a carriage return inside', 'V=1\rW=2', { V: '1\rW=2' }],
    ['letters beyond ASCII', 'V=Grüße€', { V: 'Grüße€' }],
  ])('is read as Docker does: %s', async (_, content, expected) => {
    expect(await read(content)).toEqual([expected, []]);
  });

  it('gives a name alone what the process has, and nothing where it has none', async () => {
    expect(await read('OWN\nNONE\n', { OWN: 'canary' })).toEqual([{}, []]);
  });

  it.each<[string, string | Uint8Array, string[]]>([
    ['no name', 'V=1\n=canary', ['line 2 has no name before =']],
    ['export', 'export V=canary', [expect.stringMatching(/^line 1 has a blank in its name/) as unknown as string]],
    ['a blank before =', 'V =canary', [expect.stringMatching(/^line 1 has a blank in its name/) as unknown as string]],
    [
      'a value in several lines',
      'V=-----BEGIN\ncana+/ry=\n',
      [expect.stringContaining('line 2 has no name') as unknown as string],
    ],
    [
      'a byte-order mark further down',
      'V=1\n\uFEFFW=2',
      [expect.stringContaining('line 2 has no name') as unknown as string],
    ],
    ['a NUL', 'V=1\nW=can\0ary', ['line 2 holds a NUL, which no variable can']],
    ['Latin-1', Buffer.from('V=1\nW=canary\xfc', 'latin1'), ['line 2 is not UTF-8 text']],
  ])('is refused by line, without a value: %s', async (_, content, expected) => {
    const [, faults] = await read(content);
    expect(faults).toEqual(expected);
    expect(faults.join()).not.toContain('cana');
  });

  it('counts after the environment, and after the files behind it', async () => {
    const files = [fileOf('A=1\nB=1\nC=1'), fileOf('B=2\nC=2')];
    const { variables } = await readEnvFiles(files, { C: 'own' });
    expect([...variables].map(([name, { value }]) => `${name}=${value}`)).toEqual(['A=1', 'B=2']);
  });
});

describe('settings by env files', () => {
  const lines = (environment: Readonly<Record<string, string | undefined>>): string =>
    Object.entries(environment)
      .map(([name, value]) => `${name}=${value ?? ''}`)
      .join('\n');

  it('are read from all that KEY_CONNECTOR_ENV_FILE names, as if they stood in the environment', async () => {
    const files = [fileOf(lines(enough)), fileOf(`${nameOf('http__port')}=7000`)];
    const settings = await loadSettings({ KEY_CONNECTOR_ENV_FILE: files.join(':') });
    expect(settings.http.port).toBe(7000);
  });

  it('count after the environment', async () => {
    const file = fileOf(lines(enoughAnd({ http__port: '7000' })));
    const environment = { KEY_CONNECTOR_ENV_FILE: file, [nameOf('http__port')]: '8000' };
    expect((await loadSettings(environment)).http.port).toBe(8000);
  });

  it('may name the YAML file, and count before it', async () => {
    const yaml = folder.write('config.yaml', 'keyConnectorSettings:\n  http: { port: 7000, host: 127.0.0.1 }\n');
    const file = fileOf(lines({ ...enoughAnd({ http__port: '8000' }), KEY_CONNECTOR_CONFIG: yaml }));
    const { http } = await loadSettings({ KEY_CONNECTOR_ENV_FILE: file });
    expect(http).toMatchObject({ port: 8000, host: '127.0.0.1' });
  });

  it('are refused by file and line, and nothing is called missing while a line cannot be read', async () => {
    const file = fileOf(`${nameOf('http__port')}=canary\nexport V=canary`);
    const told = await problemLines({ KEY_CONNECTOR_ENV_FILE: file });
    expect(told).toEqual([
      expect.stringMatching(/^ {2}env file: has a blank in its name.* \(.*\.env, line 2\)$/),
      expect.stringMatching(
        /^ {2}http__port: must be a whole number \(.*\.env, line 1: keyConnectorSettings__http__port\)$/,
      ),
    ]);
    expect(told.join()).not.toContain('canary');
  });

  it('end the start where a file is not there', async () => {
    const file = folder.pathOf('nowhere.env');
    expect(await problemLines({ ...enough, KEY_CONNECTOR_ENV_FILE: file })).toEqual([
      `  env file: does not exist (${file})`,
    ]);
  });
});
