import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OpensslFolder } from '../../testing/openssl.js';
import { type Pbmac1Options, withPbmac1 } from '../../testing/pbmac1.js';
import { UnusableKeyFile, WrongPassword } from '../key-file.js';
import { readPkcs12 } from './read-pkcs12.js';

const password = 'päss-wörd-1';

let folder: OpensslFolder;
let withoutMac: Buffer;
beforeAll(async () => {
  folder = await OpensslFolder.create();
  await folder.openssl('req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.crt -subj /CN=own -days 36500');
  await folder.openssl(`pkcs12 -export -inkey own.key -in own.crt -out own.pfx -nomac -passout pass:${password}`);
  withoutMac = await readFile(folder.file('own.pfx'));
});
afterAll(() => folder.remove());

describe('a PKCS#12 file with PBMAC1', () => {
  it.each<Pbmac1Options>([
    { prf: 'sha256', hmac: 'sha256', keyLength: 32 },
    { prf: 'sha256', hmac: 'sha512', keyLength: 64 },
    { prf: 'sha512', hmac: 'sha512', keyLength: 20 },
  ])('opens with the right password only (%j)', async (options) => {
    const file = withPbmac1(withoutMac, password, options);
    await expect(readPkcs12(file, password)).resolves.toMatchObject({ keys: [expect.anything()] });
    await expect(readPkcs12(file, 'another')).rejects.toBeInstanceOf(WrongPassword);
    await expect(readPkcs12(file, undefined)).rejects.toBeInstanceOf(WrongPassword);
  });

  it.each([undefined, 1, 19, 65])('is refused with a MAC key of %s bytes', async (keyLength) => {
    const file = withPbmac1(withoutMac, password, { prf: 'sha256', hmac: 'sha256', keyLength });
    const outcome: unknown = await readPkcs12(file, password).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(UnusableKeyFile);
    expect(outcome).not.toBeInstanceOf(WrongPassword);
  });
});
