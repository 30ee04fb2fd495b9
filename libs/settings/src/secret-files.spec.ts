import { mkdirSync } from 'node:fs';

import { afterAll, describe, expect, it } from '@jest/globals';

import { loadSettings } from './load-settings.js';
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
    expect(settings.keyProvider).toMatchObject({ source: { password: expected } });
  });

  it('is found in any spelling', async () => {
    const file = folder.write('secret', 'open');
    const spelled = `${password.toUpperCase().replaceAll('__', ':')}_file`;
    expect((await loadSettings({ ...enough, [spelled]: file })).keyProvider).toMatchObject({
      source: { password: 'open' },
    });
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
});
