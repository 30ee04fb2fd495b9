import { createHash, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto';
import { constants } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { describeKeyProviderModule } from 'key-connector/key-provider/testing';
import { keyProvider } from '../src/index.js';
import { KeyServiceClient } from '../src/key-service.client.js';
import type { KeyServiceSettings } from '../src/key-service.settings.js';
import { KeyServiceServer } from './key-service.server.js';

let server: KeyServiceServer;
let publicKey: KeyObject;
const settingsOf = (key: string): Record<string, string> => ({ url: server.url, token: server.token, key });

beforeAll(async () => {
  server = await KeyServiceServer.start();
  publicKey = server.addVersion('company');
  server.addVersion('other');
});
afterAll(() => server.stop());

describeKeyProviderModule('@example/key-provider-key-service', keyProvider, () => {
  const dataKey = randomBytes(32);
  const classic = { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return Promise.resolve({
    settings: settingsOf('company'),
    otherSettings: settingsOf('other'),
    // Port 9 discards (RFC 863); nothing listens there.
    awaySettings: { ...settingsOf('company'), url: 'http://127.0.0.1:9' },
    wrongSettings: { ...settingsOf('company'), token: 'not-the-token' },
    id: `sha256:${createHash('sha256').update(spki).digest('hex')}`,
    classic: { dataKey, ciphertext: publicEncrypt(classic, dataKey) },
  });
});

describe('a new version of the key', () => {
  const context = { recordedKeyReferences: [], timeoutSeconds: 15 };

  it('changes nothing for a deployment that has recorded the old one, and is what a new deployment takes', async () => {
    server.addVersion('rotated');
    const settings = keyProvider.settings['~standard'].validate(settingsOf('rotated'));
    if (settings instanceof Promise || settings.issues !== undefined) throw new Error('settings refused');
    const before = await keyProvider.open(settings.value, context);
    server.addVersion('rotated');
    const recordedKeyReferences = [before.keyReference];
    const after = await keyProvider.open(settings.value, { ...context, recordedKeyReferences });
    const fresh = await keyProvider.open(settings.value, context);
    expect([after.id, after.keyReference]).toEqual([before.id, before.keyReference]);
    expect(fresh.id).not.toBe(before.id);
  });
});

describe('the Nest context of a key', () => {
  const context = { recordedKeyReferences: [], timeoutSeconds: 15 };
  const closed = jest.spyOn(KeyServiceClient.prototype, 'onModuleDestroy');
  beforeEach(() => void closed.mockClear());

  it('ends with the key, which then asks nothing any more', async () => {
    const key = await keyProvider.open(settingsOf('company') as unknown as KeyServiceSettings, context);
    const wrapped = await key.wrap(new Uint8Array(32));
    await key.close?.();
    expect(closed).toHaveBeenCalledTimes(1);
    await expect(key.unwrap(wrapped)).rejects.toMatchObject({ code: 'KEY_PROVIDER_UNAVAILABLE' });
  });

  it('ends when the key was not opened', async () => {
    const settings = { ...settingsOf('company'), token: 'not-the-token' } as unknown as KeyServiceSettings;
    await expect(keyProvider.open(settings, context)).rejects.toMatchObject({ code: 'KEY_PROVIDER_MISCONFIGURED' });
    expect(closed).toHaveBeenCalledTimes(1);
  });
});

describe('the settings', () => {
  it('refuse a key service without TLS that is not on this machine', () => {
    const given = { ...settingsOf('company'), url: 'http://keys.example' };
    expect(keyProvider.settings['~standard'].validate(given)).toMatchObject({
      issues: [{ path: ['url'], message: 'must be https, except on this machine' }],
    });
  });
});
