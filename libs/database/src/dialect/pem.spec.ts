import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { expect, test } from '@jest/globals';
import { readAuthorities } from './pem.js';

test.each(['system', 'SYSTEM'])(
  'authorities named %s are those of the operating system, beside those that the process trusts anyway',
  async (named) => {
    const found = await readAuthorities(named);
    expect(found).toEqual(
      expect.arrayContaining([...getCACertificates('system'), ...getCACertificates('default').slice(0, 3)]),
    );
  },
);

test('authorities of a file are what it holds, and none that are named leave the choice to the process', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'key-connector-pem-'));
  try {
    const [one = '', other = ''] = getCACertificates('bundled');
    await writeFile(join(folder, 'system'), `a file of that name\n${one}\n${other}\n`);
    const found = (await readAuthorities(join(folder, 'system')))?.map((pem) => new X509Certificate(pem).subject);
    expect(found).toEqual([one, other].map((pem) => new X509Certificate(pem).subject));
    expect(await readAuthorities(undefined)).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
