import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type KeyEncryptionKey, KeyProvider, keyProviderSettingsSchema } from '@key-connector/crypto-providers';
import { describeKeyEncryptionKey } from '@key-connector/crypto-providers/testing';
import { OpenBaoServer, openbao } from '../support/openbao.server.js';
import { describeIf } from '../support/skip.js';

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
      return { open: () => open(type), openOther: () => open(`other-${type}`), secrets: [token] };
    });

  test('a new version changes nothing where the wrappings name an older one', async () => {
    await makeKey('rotated');
    const first = await open('rotated');
    const dataKey = randomBytes(32);
    const wrapped = await first.wrap(dataKey);
    await bao.post('transit/keys/rotated/rotate');

    const again = await open('rotated', {}, [wrapped.keyReference]);
    expect(again.id).toBe(first.id);
    expect(Buffer.from(await again.unwrap(wrapped))).toEqual(dataKey);
    expect(Buffer.from(await first.unwrap(wrapped))).toEqual(dataKey);
  });
});
