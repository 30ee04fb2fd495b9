import { X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { WrongPassword } from './key-file.js';
import { makeKeyFile } from './make-key-file.js';
import { readKeyFile } from './read-key-file.js';

test('a key file that is made opens with its password alone, and holds RSA 4096 and its certificate', async () => {
  const bytes = await makeKeyFile('pass word');
  const source = { origin: 'made', password: new Secret('pass word') };
  const { privateKey, certificate } = await readKeyFile({ ...source, bytes: Buffer.from(bytes) });
  expect(privateKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 4096 });
  expect(certificate).toBeInstanceOf(X509Certificate);
  expect(certificate?.checkPrivateKey(privateKey)).toBe(true);
  await expect(readKeyFile({ ...source, bytes, password: new Secret('other') })).rejects.toThrow(WrongPassword);
});
