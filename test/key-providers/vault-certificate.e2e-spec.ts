import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type KeyEncryptionKey, KeyProvider, keyProviderSettingsSchema } from '@key-connector/crypto-providers';
import { describeKeyEncryptionKey } from '@key-connector/crypto-providers/testing';
import { makeKeyCertificate, makeKeyPem } from '../lab/files/certificate.js';
import { OpenBaoServer, openbao } from '../lab/clouds/vault/openbao.server.js';
import { describeIf } from '../lab/skip/skip.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(await readFile(`${fixtures}/expected.json`, 'utf8')) as Record<
  'pfxPassword' | 'dataKey',
  string
>;
const symmetricKey = /INTO "ApplicationDatas" \("SymmetricKey"\) VALUES \('([^']+)'\)/.exec(
  await readFile(`${fixtures}/postgresql.sql`, 'utf8'),
)?.[1];

describeIf(openbao.installed, openbao.reason, 'a certificate in a KV engine', () => {
  let bao: OpenBaoServer;
  let folder: TempFolder;
  let token: string;
  /** Base64 PKCS#12: the classic deployment's, and another. */
  let [classic, other] = ['', ''];
  const password = expected.pfxPassword;
  let otherPassword: string;

  beforeAll(async () => {
    bao = await OpenBaoServer.start();
    folder = await tempFolder('vault-certificate');
    await bao.mount('secret', 'kv', { version: '2' });
    await bao.policy('key-connector', { 'secret/data/bwkc/*': ['read'] });
    token = await bao.token(['key-connector']);
    const made = await makeKeyCertificate(folder.path);
    otherPassword = made.password;
    other = await base64Of(made.path);
    classic = await base64Of(`${fixtures}/bwkc-legacy.pfx`);
  });
  afterAll(async () => {
    await bao.stop();
    await folder.remove();
  });

  /** Puts a new version of a secret. */
  const put = (name: string, pfx: string): Promise<void> =>
    bao.post(`secret/data/bwkc/${name}`, { data: { pfx, note: 'not the certificate' } });

  const open = (
    name: string,
    more: Readonly<Record<string, string>> = {},
    recorded: readonly string[] = [],
  ): Promise<KeyEncryptionKey> =>
    new KeyProvider(
      keyProviderSettingsSchema.parse({
        certificate: {
          provider: 'vault',
          vaultServerUri: `${bao.url}/`,
          vaultToken: token,
          vaultSecretPath: `bwkc/${name}`,
          vaultSecretDataKey: 'pfx',
          vaultSecretFilePassword: password,
          ...more,
        },
      }),
    ).open(recorded);

  describeKeyEncryptionKey('a classic deployment in OpenBao', async () => {
    await put('classic', classic);
    await put('other', other);
    return {
      open: () => open('classic'),
      openOther: () => open('other', { vaultSecretFilePassword: otherPassword }),
      classic: {
        ciphertext: Buffer.from(symmetricKey ?? '', 'base64'),
        dataKey: Buffer.from(expected.dataKey, 'base64'),
      },
      secrets: [token, password, otherPassword],
    };
  });

  test('may be PEM, with the key that its PKCS#12 would have', async () => {
    const pem = makeKeyPem();
    await put('pem', pem);
    await put('pem-in-base64', Buffer.from(pem).toString('base64'));
    expect((await open('pem-in-base64')).id).toBe((await open('pem')).id);
  });

  describe('its versions', () => {
    test('a new version changes nothing where the wrappings name an older one, until it is asked for', async () => {
      await put('replaced', classic);
      const before = await open('replaced');
      const wrapped = await before.wrap(Buffer.alloc(32, 7));
      expect(wrapped.keyReference).toMatch(/^certificate:sha1:[0-9a-f]{40}@vault:secret\/bwkc\/replaced\?version=1$/);
      await put('replaced', other);

      const again = await open('replaced', {}, [wrapped.keyReference]);
      expect(again.id).toBe(before.id);
      expect(again.keyReference).toBe(wrapped.keyReference);
      expect(Buffer.from(await again.unwrap(wrapped))).toEqual(Buffer.alloc(32, 7));

      const second = { vaultSecretVersion: '2', vaultSecretFilePassword: otherPassword };
      expect((await open('replaced', second, [wrapped.keyReference])).id).not.toBe(before.id);
    });

    test.each([
      ['deleted', (name: string) => bao.delete(`secret/data/bwkc/${name}`)],
      ['destroyed', (name: string) => bao.put(`secret/destroy/bwkc/${name}`, { versions: [1] })],
    ] as const)('one that was %s is named', async (state, remove) => {
      await put(state, classic);
      const { keyReference } = await open(state);
      await remove(state);
      await expect(open(state, {}, [keyReference])).rejects.toMatchObject({
        code: 'KEY_PROVIDER_MISCONFIGURED',
        message: expect.stringContaining(`secret/bwkc/${state} in Vault at ${bao.url}: version 1 was ${state}`),
      });
    });
  });

  describe('what is wrong with it', () => {
    beforeAll(() => put('faulty', classic));

    test.each([
      ['a path with nothing behind it', { vaultSecretPath: 'bwkc/nowhere' }, 'bwkc/nowhere'],
      ['a mount that is not there', { vaultSecretMountPoint: 'elsewhere' }, 'elsewhere'],
      ['a version that never was', { vaultSecretVersion: '7' }, 'there is no version 7'],
      ['a field that is not there', { vaultSecretDataKey: 'pkcs12' }, 'has no field pkcs12'],
      [
        'a field that is no base64',
        { vaultSecretDataKey: 'note' },
        'the field note of version 1 is neither base64 nor PEM',
      ],
      ['a wrong password', { vaultSecretFilePassword: 'not-it' }, 'password in certificate__vaultSecretFilePassword'],
      [
        'a path without permission',
        { vaultSecretPath: 'private' },
        'path "secret/data/private" { capabilities = ["read"]',
      ],
    ])('%s is said', async (_, settings, message) => {
      await expect(open('faulty', settings)).rejects.toThrow(message);
    });

    test('base64 in lines of 76 is nothing wrong', async () => {
      await put('lines', classic.replaceAll(/.{76}/g, '$&\n'));
      await expect(open('lines')).resolves.toBeDefined();
    });
  });
});

async function base64Of(file: string): Promise<string> {
  return (await readFile(file)).toString('base64');
}
