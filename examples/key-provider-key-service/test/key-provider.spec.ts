import { createHash, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto';
import { constants } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeKeyProviderModule } from 'key-connector/key-provider/testing';
import { keyProvider } from '../src/index.js';
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

describe('the settings', () => {
  it('refuse a key service without TLS that is not on this machine', () => {
    const given = { ...settingsOf('company'), url: 'http://keys.example' };
    expect(keyProvider.settings['~standard'].validate(given)).toMatchObject({
      issues: [{ path: ['url'], message: 'must be https, except on this machine' }],
    });
  });
});
