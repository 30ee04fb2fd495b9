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
    await writeFile(join(folder, 'system'), 'a file of that name');
    expect(await readAuthorities(join(folder, 'system'))).toBe('a file of that name');
    expect(await readAuthorities(undefined)).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
