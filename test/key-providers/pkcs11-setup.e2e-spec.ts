import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type KeyEncryptionKey, KeyProviderMisconfigured } from '@key-connector/crypto-providers';
import { rejection } from '@key-connector/crypto-providers/testing';
import { run } from '../lab/processes/child-process.ts';
import { OpenKeys } from '../lab/pkcs11/open-keys.ts';
import { throwawayKey } from '../lab/pkcs11/rsa-key.ts';
import { SoftHsm, softHsm, type SoftToken } from '../lab/pkcs11/soft-hsm.ts';
import { describeIf } from '../lab/skip/skip.ts';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.ts';

describeIf(softHsm.installed, softHsm.reason, 'a key behind PKCS#11', () => {
  const keys = new OpenKeys();
  const own = throwawayKey();
  let hsm: SoftHsm;
  let token: SoftToken;
  let folder: TempFolder;

  beforeAll(async () => {
    folder = await tempFolder('pkcs11');
    hsm = await SoftHsm.create();
    token = await hsm.createToken('vault');
    await hsm.importKey(token, { pem: own.pem, label: 'own', id: '0102' });
    await hsm.importKey(token, { pem: throwawayKey().pem, label: 'twin', id: '03' });
    await hsm.importKey(token, { pem: throwawayKey().pem, label: 'twin', id: '04000000' });
    await hsm.importKey(token, { pem: throwawayKey(1024).pem, label: 'weak', id: '05' });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await hsm.importKey(token, { pem, label: 'curve', id: '06' });
    await hsm.importKey(token, { pem: throwawayKey().pem, label: 'signs', id: '07' });
    await hsm.forbidDecryption(token, 'signs');
  });
  afterEach(() => keys.close());
  afterAll(async () => {
    await hsm.remove();
    await folder.remove();
  });

  const open = (rsaKey: object, certificate?: Record<string, unknown>): Promise<KeyEncryptionKey> =>
    keys.open(
      { rsaKey: { pkcs11LibraryPath: hsm.library, pkcs11LoginPin: token.pin, ...rsaKey }, certificate },
      hsm.environment,
    );
  const refusal = async (...settings: Parameters<typeof open>): Promise<string> => {
    const error = await rejection(open(...settings));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    return error.message;
  };
  const expectOpensItsOwn = async (key: KeyEncryptionKey): Promise<void> => {
    const dataKey = randomBytes(32);
    expect(Buffer.from(await key.unwrap(await key.wrap(dataKey)))).toEqual(dataKey);
  };

  describe('is found', () => {
    test.each([
      ['its label', { pkcs11PrivateKeyLabel: 'own' }],
      ['its id', { pkcs11PrivateKeyId: 258 }],
      ['its id as pkcs11-tool shows it', { pkcs11PrivateKeyId: '0x0102' }],
      ['both', { pkcs11PrivateKeyLabel: 'own', pkcs11PrivateKeyId: 258 }],
    ])('by %s', async (_, rsaKey) => {
      expect((await open(rsaKey)).id).toBe(own.id);
    });

    test('among several of one label by its id, whatever the order of the bytes', async () => {
      const [first, second] = [
        await open({ pkcs11PrivateKeyLabel: 'twin', pkcs11PrivateKeyId: 3 }),
        await open({ pkcs11PrivateKeyLabel: 'twin', pkcs11PrivateKeyId: 4 }),
      ];
      expect(first.id).not.toBe(second.id);
      await expectOpensItsOwn(second);
    });

    test('on the token with the serial number, where there are several', async () => {
      const second = await hsm.createToken('second');
      await hsm.importKey(second, { pem: own.pem, label: 'own', id: '01' });
      const rsaKey = { pkcs11PrivateKeyLabel: 'own' };
      const message = await refusal(rsaKey);
      expect(message).toContain('set rsaKey__pkcs11SlotTokenSerialNumber to one of');
      for (const { serialNumber, label } of [token, second]) expect(message).toContain(`${serialNumber} ("${label}")`);
      const key = await open({
        ...rsaKey,
        pkcs11LoginPin: second.pin,
        pkcs11SlotTokenSerialNumber: second.serialNumber,
      });
      expect(key.id).toBe(own.id);
      expect(key.keyReference).toContain(`serial=${second.serialNumber}`);
      await hsm.removeToken(second);
    });
  });

  describe('is refused, by name', () => {
    test.each([
      [
        'no module at the path',
        { pkcs11LibraryPath: '/nonexistent/hsm.so', pkcs11PrivateKeyLabel: 'own' },
        'does not exist',
      ],
      [
        'a file that is no module',
        { pkcs11LibraryPath: '/etc/passwd', pkcs11PrivateKeyLabel: 'own' },
        'cannot be loaded',
      ],
      [
        'a library that is no module',
        { pkcs11LibraryPath: '/lib/x86_64-linux-gnu/libc.so.6', pkcs11PrivateKeyLabel: 'own' },
        'cannot be loaded',
      ],
      ['another serial number', { pkcs11SlotTokenSerialNumber: '42', pkcs11PrivateKeyLabel: 'own' }, '("vault")'],
      ['a label of two keys', { pkcs11PrivateKeyLabel: 'twin' }, '"twin" (id 0x03)'],
      ['a label of no key', { pkcs11PrivateKeyLabel: 'none' }, '"own" (id 0x0102)'],
      ['an id of no key', { pkcs11PrivateKeyId: 99 }, 'the id 99 (rsaKey__pkcs11PrivateKeyId)'],
      [
        'the digits of a tool without 0x',
        { pkcs11PrivateKeyId: '0102' },
        'a number (bytes that a tool shows as 0102 are written 0x0102)',
      ],
      ['bytes of no key', { pkcs11PrivateKeyId: 'a1b2' }, 'the id 0xa1b2 (rsaKey__pkcs11PrivateKeyId)'],
      [
        'a weak key',
        { pkcs11PrivateKeyLabel: 'weak' },
        '"weak" in the token cannot be used: its RSA key has 1024 bits',
      ],
      ['a key that is not RSA', { pkcs11PrivateKeyLabel: 'curve' }, '"curve" is not an RSA key'],
      ['a key that may not decrypt', { pkcs11PrivateKeyLabel: 'signs' }, '"signs" may not decrypt'],
      ['no PIN', { pkcs11LoginPin: undefined, pkcs11PrivateKeyLabel: 'own' }, 'set rsaKey__pkcs11LoginPin'],
    ])('%s', async (_, rsaKey, message) => {
      expect(await refusal(rsaKey)).toContain(message);
    });
  });

  describe('takes its public half', () => {
    const file = (name: string): string => join(folder.path, name);

    beforeAll(async () => {
      await writeFile(file('own.key'), own.pem);
      await writeFile(file('other.key'), throwawayKey().pem);
      const openssl = (command: string): Promise<string> => run('openssl', command.split(' '), { cwd: folder.path });
      for (const name of ['own', 'other'])
        await openssl(`req -x509 -key ${name}.key -subj /CN=${name} -days 3650 -out ${name}.crt`);
      await openssl('x509 -in own.crt -outform der -out own.cer');
      await openssl('pkcs12 -export -inkey own.key -in own.crt -passout pass:p -out own.pfx');
      await openssl('pkcs12 -export -nokeys -in own.crt -passout pass:p -out own.nokeys.pfx');
    });

    test.each(['own.crt', 'own.cer', 'own.key', 'own.pfx', 'own.nokeys.pfx'])('from %s', async (name) => {
      const certificate = { filesystemPath: file(name), ...(name.endsWith('pfx') && { filesystemPassword: 'p' }) };
      const key = await open({ pkcs11PrivateKeyLabel: 'own' }, certificate);
      expect(key.id).toBe(own.id);
      await expectOpensItsOwn(key);
    });

    test('never from a certificate of another key', async () => {
      expect(await refusal({ pkcs11PrivateKeyLabel: 'own' }, { filesystemPath: file('other.crt') })).toContain(
        'does not belong to the private key in the token',
      );
    });
  });

  test('that asks for a login before each use gets one', async () => {
    await hsm.pkcs11Tool(
      token,
      ...[
        '--keypairgen',
        '--key-type',
        'rsa:2048',
        '--usage-decrypt',
        '--always-auth',
        '--label',
        'asks',
        '--id',
        '08',
      ],
    );
    for (const pkcs11LoginUserType of ['user', 'context_specific'])
      await expectOpensItsOwn(await open({ pkcs11PrivateKeyLabel: 'asks', pkcs11LoginUserType }));
  });

  test('that does not ask for it works with context_specific all the same', async () => {
    const key = await open({ pkcs11PrivateKeyLabel: 'own', pkcs11LoginUserType: 'context_specific' });
    await expectOpensItsOwn(key);
  });

  test('is not seen by the security officer, and the message says what there is', async () => {
    const pkcs11LoginPin = `so-${token.pin}`;
    expect(await refusal({ pkcs11PrivateKeyLabel: 'own', pkcs11LoginUserType: 'so', pkcs11LoginPin })).toContain(
      'it shows none',
    );
  });
});
