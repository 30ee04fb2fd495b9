import { createCipheriv, createPrivateKey, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type KeyEncryptionKey,
  KeyProvider,
  KeyProviderMisconfigured,
  keyProviderSettingsSchema,
} from '@key-connector/crypto-providers';
import {
  describeKeyEncryptionKey,
  describeKeyVersions,
  describeStalledProvider,
} from '@key-connector/crypto-providers/testing';
import { OpenBaoServer, openbao } from '../lab/clouds/vault/openbao.server.js';
import { run } from '../lab/processes/child-process.js';
import { describeIf } from '../lab/skip/skip.js';

describeIf(openbao.installed, openbao.reason, 'a key in the transit engine', () => {
  let bao: OpenBaoServer;
  let token: string;

  beforeAll(async () => {
    bao = await OpenBaoServer.start();
    await bao.mount('transit', 'transit');
    await bao.policy('key-connector', { 'transit/keys/+': ['read'], 'transit/decrypt/+': ['update'] });
    token = await bao.token(['key-connector']);
  });
  afterAll(() => bao.stop());

  const makeKey = (name: string, type = 'rsa-2048'): Promise<void> => bao.post(`transit/keys/${name}`, { type });

  const open = (
    name: string,
    rsaKey: Readonly<Record<string, string>> = {},
    recorded: readonly string[] = [],
  ): Promise<KeyEncryptionKey> =>
    new KeyProvider(
      keyProviderSettingsSchema.parse({
        rsaKey: {
          provider: 'vaulttransit',
          vaultServerUri: bao.url,
          vaultToken: token,
          vaultTransitKeyName: name,
          ...rsaKey,
        },
      }),
    ).open(recorded);

  for (const type of ['rsa-2048', 'rsa-3072', 'rsa-4096'])
    describeKeyEncryptionKey(`OpenBao (${type})`, async () => {
      await makeKey(type, type);
      await makeKey(`other-${type}`, type);
      const algorithms = { wraps: 'RSA-OAEP-256', classic: 'RSA-OAEP-256' };
      return { open: () => open(type), openOther: () => open(`other-${type}`), algorithms, secrets: [token] };
    });

  describeKeyVersions('a transit key', async () => {
    await makeKey('rotated');
    return {
      open: (recorded) => open('rotated', {}, recorded),
      addVersion: () => bao.post('transit/keys/rotated/rotate'),
      retireVersion: () => bao.post('transit/keys/rotated/config', { min_decryption_version: 2 }),
      nameOf: () => 'The key transit/keys/rotated in Vault at ' + bao.url + ': version 1 must not decrypt any more',
    };
  });

  describeStalledProvider('a transit key', async () => {
    await makeKey('stalled');
    const key = await open('stalled', { timeoutSeconds: '1' });
    const wrapped = await key.wrap(Buffer.alloc(32, 7));
    await bao.freeze();
    return {
      key,
      wrapped,
      recover: () => {
        bao.thaw();
        return Promise.resolve();
      },
    };
  });

  test('a key in a namespace is read there, and its wrappings name it', async () => {
    await bao.post('sys/namespaces/team');
    await bao.post('team/sys/mounts/transit', { type: 'transit' });
    await bao.post('team/transit/keys/kc', { type: 'rsa-2048' });
    await bao.put('team/sys/policies/acl/kc', {
      policy: 'path "transit/*" { capabilities = ["read", "update"] }',
    });
    const { auth } = await bao.post<{ auth: { client_token: string } }>('team/auth/token/create', {
      policies: ['kc'],
      no_parent: true,
    });
    const key = await open('kc', { vaultNamespace: 'team', vaultToken: auth.client_token });
    const wrapped = await key.wrap(Buffer.alloc(32, 7));
    expect(wrapped.keyReference).toBe('vault-transit:team/transit/keys/kc/versions/1');
    expect(Buffer.from(await key.unwrap(wrapped))).toEqual(Buffer.alloc(32, 7));
    await expect(open('kc', { vaultToken: auth.client_token })).rejects.toThrow(KeyProviderMisconfigured);
  });

  describe('the key of a certificate, imported', () => {
    const folder = resolve(import.meta.dirname, '../fixtures/classic');
    let imported: KeyEncryptionKey;
    let certificate: KeyEncryptionKey;
    let expected: Record<'pfxPassword' | 'dataKey' | 'wrappedDataKeySha256', string>;

    beforeAll(async () => {
      expected = JSON.parse(await readFile(`${folder}/expected.json`, 'utf8')) as typeof expected;
      const pem = await run('openssl', [
        ...['pkcs12', '-in', `${folder}/bwkc-aes.pfx`, '-passin', `pass:${expected.pfxPassword}`, '-nodes', '-nocerts'],
      ]);
      await importKey('imported', createPrivateKey(pem));
      imported = await open('imported');
      const source = { filesystemPath: `${folder}/bwkc-aes.pfx`, filesystemPassword: expected.pfxPassword };
      certificate = await new KeyProvider(keyProviderSettingsSchema.parse({ certificate: source })).open();
    });

    /** As operators do: the key under AES-KWP (RFC 5649), that AES key under RSA-OAEP, both joined. */
    const importKey = async (name: string, key: KeyObject): Promise<void> => {
      const { data } = await bao.get<{ data: { public_key: string } }>('transit/wrapping_key');
      const aes = randomBytes(32);
      const cipher = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'));
      const wrappedKey = [cipher.update(key.export({ format: 'der', type: 'pkcs8' })), cipher.final()];
      const wrappedAes = publicEncrypt({ key: data.public_key, oaepHash: 'sha256' }, aes);
      await bao.post(`transit/keys/${name}/import`, {
        ciphertext: Buffer.concat([wrappedAes, ...wrappedKey]).toString('base64'),
        hash_function: 'SHA256',
        type: 'rsa-2048',
      });
    };

    test('has the id of the certificate, and each opens what the other has wrapped', async () => {
      const dataKey = randomBytes(32);
      expect(imported.id).toBe(certificate.id);
      expect(Buffer.from(await imported.unwrap(await certificate.wrap(dataKey)))).toEqual(dataKey);
      expect(Buffer.from(await certificate.unwrap(await imported.wrap(dataKey)))).toEqual(dataKey);
    });

    test('opens a wrapping with SHA-256 that other software made', async () => {
      const ciphertext = Buffer.from(expected.wrappedDataKeySha256, 'base64');
      const opened = await imported.unwrap({ keyReference: 'other', algorithm: 'RSA-OAEP-256', ciphertext });
      expect(Buffer.from(opened).toString('base64')).toBe(expected.dataKey);
    });
  });

  describe('what is wrong', () => {
    const refusal = async (name: string, rsaKey: Readonly<Record<string, string>> = {}): Promise<Error> => {
      const error: unknown = await open(name, rsaKey).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(KeyProviderMisconfigured);
      expect(String((error as Error).stack)).not.toContain(token);
      return error as Error;
    };

    test('a key that is not there is named, with how to make it', async () => {
      const { message } = await refusal('nowhere');
      expect(message).toContain(`The key transit/keys/nowhere in Vault at ${bao.url}: there is no such key`);
      expect(message).toContain('bao write -f transit/keys/nowhere type=rsa-4096');
    });

    test('a key that is not RSA is named by its type', async () => {
      await makeKey('symmetric', 'aes256-gcm96');
      expect((await refusal('symmetric')).message).toContain('it is of type aes256-gcm96');
    });

    test('a version that never was is named', async () => {
      await makeKey('young');
      expect((await refusal('young', { vaultTransitKeyVersion: '7' })).message).toContain('it has no version 7');
    });

    test('a version that was trimmed away is named', async () => {
      await makeKey('trimmed');
      const { keyReference } = await open('trimmed');
      await bao.post('transit/keys/trimmed/rotate');
      await bao.post('transit/keys/trimmed/config', { min_decryption_version: 2, min_encryption_version: 2 });
      await bao.post('transit/keys/trimmed/trim', { min_available_version: 2 });
      await expect(open('trimmed', {}, [keyReference])).rejects.toThrow('version 1 was trimmed away');
    });

    test('a key that is deleted while it is open is named, and is no damaged wrapping', async () => {
      await makeKey('deleted');
      const key = await open('deleted');
      const wrapped = await key.wrap(Buffer.alloc(32, 7));
      await bao.post('transit/keys/deleted/config', { deletion_allowed: true });
      await bao.delete('transit/keys/deleted');
      await expect(key.unwrap(wrapped)).rejects.toMatchObject({
        code: 'KEY_PROVIDER_MISCONFIGURED',
        message: expect.stringContaining('transit/keys/deleted'),
      });
    });

    test('a policy that may read and not decrypt is told what it lacks', async () => {
      await makeKey('unreadable');
      await bao.policy('blind', { 'transit/keys/+': ['read'] });
      const key = await open('unreadable', { vaultToken: await bao.token(['blind']) });
      await expect(key.unwrap(await key.wrap(Buffer.alloc(32, 7)))).rejects.toMatchObject({
        code: 'KEY_PROVIDER_MISCONFIGURED',
        message: expect.stringContaining('path "transit/decrypt/unreadable" { capabilities = ["update"] }'),
      });
    });

    test('a server that is sealed or away is waited for', async () => {
      await makeKey('waiting');
      const key = await open('waiting');
      const wrapped = await key.wrap(Buffer.alloc(32, 7));
      await bao.seal();
      await expect(key.unwrap(wrapped)).rejects.toMatchObject({
        code: 'KEY_PROVIDER_UNAVAILABLE',
        message: `Vault at ${bao.url} is sealed or down for maintenance (503).`,
      });
      await bao.kill();
      await expect(key.unwrap(wrapped)).rejects.toMatchObject({
        code: 'KEY_PROVIDER_UNAVAILABLE',
        message: expect.stringContaining('ECONNREFUSED'),
      });
      await bao.restart();
      expect(Buffer.from(await key.unwrap(wrapped))).toEqual(Buffer.alloc(32, 7));
    });
  });
});
