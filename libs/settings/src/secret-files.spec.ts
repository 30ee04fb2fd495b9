import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

import { afterAll, describe, expect, it } from '@jest/globals';

import { catalogue } from './catalogue.js';
import { loadSettings } from './load-settings.js';
import { settingName } from './names.js';
import { readSecretFiles } from './secret-files.js';
import { textsIn } from './testing/canaries.js';
import { enough, enoughAnd, nameOf, problemLines, SpecFolder } from './testing/settings-case.js';

describe('a secret that is given as a file', () => {
  const folder = new SpecFolder();
  afterAll(() => {
    folder.remove();
  });
  const password = nameOf('certificate__filesystemPassword');

  it.each([
    ['as it is', 'pass word', 'pass word'],
    ['without the newline at its end', 'pass word\n', 'pass word'],
    ['without the newline of Windows at its end', 'pass word\r\n', 'pass word'],
    ['with everything else that is in it', ' pass\nword \n\n', ' pass\nword \n'],
  ])('is read %s', async (_, content, expected) => {
    const file = folder.write('secret', content);
    const settings = await loadSettings({ ...enough, [`${password}_FILE`]: file });
    expect(textsIn(settings)).toContain(expected);
  });

  it('is found in any spelling', async () => {
    const file = folder.write('secret', 'open');
    const spelled = `${password.toUpperCase().replaceAll('__', ':')}_file`;
    expect(textsIn(await loadSettings({ ...enough, [spelled]: file }))).toContain('open');
  });

  it('cannot be given as itself too', async () => {
    const file = folder.write('secret', 'open');
    expect(await problemLines({ ...enough, [password]: 'sesame', [`${password}_FILE`]: file })).toEqual([
      expect.stringContaining(`is given both as itself and as ${password}_FILE; keep one`),
    ]);
  });

  it('names the setting and the path of a file that cannot be used', async () => {
    mkdirSync(folder.pathOf('folder'));
    const cases = {
      [folder.pathOf('missing')]: 'does not exist',
      [folder.pathOf('folder')]: 'is a folder',
      [folder.write('empty', '\n')]: 'is empty',
      [folder.write('large', 'x'.repeat(64 * 1024 + 1))]: 'is larger than 64 KB',
      [folder.write('binary', Buffer.from([0xff, 0xfe, 0x00]))]: 'is not UTF-8 text',
      '/dev/zero': 'is larger than 64 KB',
    };
    for (const [file, why] of Object.entries(cases)) {
      expect(await problemLines({ ...enough, [`${password}_FILE`]: file })).toEqual([
        `  certificate__filesystemPassword: cannot be read: ${file} ${why} (environment: ${password}_FILE)`,
      ]);
    }
  });

  it('is not shown when it stands where its path belongs', async () => {
    const [line] = await problemLines({ ...enough, [`${password}_FILE`]: 'hunter2' });
    expect(line).toContain('does not exist');
    expect(line).not.toContain('hunter2');
  });

  it('is only for secrets', async () => {
    expect(await problemLines(enoughAnd({ webVaultUri_FILE: folder.write('uri', 'https://vault.example') }))).toEqual([
      expect.stringContaining('webVaultUri_FILE: is not a secret, so it cannot be given as a file'),
    ]);
  });

  const fifo = (name: string): string => {
    execFileSync('mkfifo', [folder.pathOf(name)]);
    return folder.pathOf(name);
  };

  it('is read from a pipe, which gives it once, for every setting that names it', async () => {
    const path = fifo('once');
    const postgres = nameOf('database__postgreSqlConnectionString');
    const loading = loadSettings({
      ...enough,
      [nameOf('database__provider')]: 'postgresql',
      [`${postgres}_FILE`]: path,
      [`${password}_FILE`]: path,
    });
    await writeFile(path, 'Host=db.example;Database=hunter2;Username=keys');
    const texts = textsIn(await loading);
    expect(texts).toContain('hunter2');
    expect(texts).toContain('Host=db.example;Database=hunter2;Username=keys');
  });

  it('is given up at the deadline where nobody writes the pipe, with setting and path', async () => {
    const path = fifo('silent');
    const setting = catalogue.settings.find((known) => settingName(known.path) === 'certificate__filesystemPassword');
    if (setting === undefined) throw new Error('the setting is known');
    const source = { kind: 'environment', name: `${password}_FILE` } as const;
    const { values, problems } = await readSecretFiles([{ setting, value: path, byFile: true, source }], 0.2);
    expect(values).toEqual([]);
    expect(problems).toMatchObject([
      {
        name: 'certificate__filesystemPassword',
        rule: `cannot be read: ${path} gave nothing within 0.2 seconds`,
        where: `environment: ${password}_FILE`,
      },
    ]);
  });

  it('is not read where another provider is chosen', async () => {
    const unread = { rsaKey__pkcs11LoginPin_FILE: fifo('unread'), rsaKey__vaultToken_FILE: '/nonexistent' };
    expect(await problemLines(enoughAnd(unread))).toEqual([]);
  });
});
