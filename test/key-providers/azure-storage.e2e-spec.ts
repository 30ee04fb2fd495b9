import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type KeyEncryptionKey,
  KeyProvider,
  KeyProviderMisconfigured,
  keyProviderSettingsSchema,
  KeyProviderUnavailable,
} from '@key-connector/crypto-providers';
import { describeKeyEncryptionKey, rejection } from '@key-connector/crypto-providers/testing';
import { type Azurite, hasAzurite, noAzurite, startAzurite } from '../lab/clouds/azure/azurite.server.js';
import { makeKeyPfx } from '../lab/files/certificate.js';
import { describeIf } from '../lab/skip/skip.js';

const classic = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(readFileSync(`${classic}/expected.json`, 'utf8')) as Record<
  'pfxPassword' | 'dataKey',
  string
>;
/** ApplicationDatas.SymmetricKey of the classic fixture. */
const symmetricKey = /INTO "ApplicationDatas" \("SymmetricKey"\) VALUES \('([^']+)'\)/.exec(
  readFileSync(`${classic}/postgresql.sql`, 'utf8'),
)?.[1];

describeIf(hasAzurite, noAzurite, 'a certificate in Azure Storage', () => {
  let azurite: Azurite;
  let container: ContainerClient;
  beforeAll(async () => {
    azurite = await startAzurite();
    container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('keys');
    await container.create();
    await put('bwkc.pfx', readFileSync(`${classic}/bwkc-legacy.pfx`));
    await put('other.pfx', makeKeyPfx(expected.pfxPassword));
  });
  afterAll(() => azurite.stop());

  const put = (name: string, bytes: Buffer): Promise<unknown> =>
    container.getBlockBlobClient(name).upload(bytes, bytes.length);

  const open = (more: object = {}, timeoutSeconds = 30): Promise<KeyEncryptionKey> => {
    const certificate = {
      provider: 'azurestorage',
      azureStorageConnectionString: azurite.connectionString,
      azureStorageContainer: 'keys',
      azureStorageFileName: 'bwkc.pfx',
      azureStorageFilePassword: expected.pfxPassword,
      ...more,
    };
    const settings = keyProviderSettingsSchema.parse({ certificate, rsaKey: { timeoutSeconds } });
    return new KeyProvider(settings).open();
  };

  describeKeyEncryptionKey('a certificate in Azure Storage', () =>
    Promise.resolve({
      open: () => open(),
      openOther: () => open({ azureStorageFileName: 'other.pfx' }),
      classic: {
        ciphertext: Buffer.from(symmetricKey ?? '', 'base64'),
        dataKey: Buffer.from(expected.dataKey, 'base64'),
      },
      secrets: [expected.pfxPassword, azurite.accountKey],
    }),
  );

  async function refusal(more: object, kind: new (message: string) => Error, timeoutSeconds?: number): Promise<string> {
    const error = await rejection(open(more, timeoutSeconds));
    expect(error).toBeInstanceOf(kind);
    expect(error.cause).toBeUndefined();
    const said = `${String(error.stack)} ${JSON.stringify(error)}`;
    expect([expected.pfxPassword, azurite.accountKey].filter((secret) => said.includes(secret))).toEqual([]);
    return error.message;
  }

  test.each([
    ['azureStorageContainer', 'keys-of-nobody', 'keys-of-nobody/bwkc.pfx'],
    ['azureStorageFileName', 'nothing.pfx', 'keys/nothing.pfx'],
  ])('that is not there is named (%s)', async (name, value, said) => {
    const message = await refusal({ [name]: value }, KeyProviderMisconfigured);
    expect(message).toContain(`Cannot read the key file ${said} in Azure Storage: there is no such container or blob`);
  });

  test('is not read with another account key', async () => {
    const azureStorageConnectionString = azurite.connectionString.replace(
      azurite.accountKey,
      Buffer.alloc(64).toString('base64'),
    );
    expect(await refusal({ azureStorageConnectionString }, KeyProviderMisconfigured)).toContain(
      'certificate__azureStorageConnectionString does not permit it (403',
    );
  });

  test('does not open with another password, and the message names the setting', async () => {
    const message = await refusal({ azureStorageFilePassword: 'another' }, KeyProviderMisconfigured);
    expect(message).toContain('certificate__azureStorageFilePassword does not open');
  });

  test('is refused when it is larger than any key file', async () => {
    await put('large.bin', Buffer.alloc(1024 * 1024 + 1, 0x30));
    const message = await refusal({ azureStorageFileName: 'large.bin' }, KeyProviderMisconfigured);
    expect(message).toContain('keys/large.bin in Azure Storage is larger than 1048576 bytes');
  });

  test('is unavailable while the storage hangs, and read when it answers again', async () => {
    await azurite.freeze();
    try {
      expect(await refusal({}, KeyProviderUnavailable, 1)).toContain('Azure Storage');
    } finally {
      azurite.resume();
    }
    await expect(open()).resolves.toBeDefined();
  });
});

describe('a connection string of Azure Storage', () => {
  const problems = (azureStorageConnectionString: string): string[] => {
    const names = { azureStorageContainer: 'keys', azureStorageFileName: 'bwkc.pfx' };
    const certificate = { provider: 'azurestorage', azureStorageConnectionString, ...names };
    const { error } = keyProviderSettingsSchema.safeParse({ certificate });
    return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);
  };
  const account = 'AccountName=company;AccountKey=c2VjcmV0LWtleQ==';

  test.each([
    `DefaultEndpointsProtocol=https;${account};EndpointSuffix=core.windows.net`,
    `DefaultEndpointsProtocol=https;${account};EndpointSuffix=core.chinacloudapi.cn;`,
    'BlobEndpoint=https://company.blob.core.windows.net;SharedAccessSignature=sv=2024&sig=c2VjcmV0LWtleQ%3D%3D',
    `${account};BlobEndpoint=http://127.0.0.1:10000/company`,
    'UseDevelopmentStorage=true',
  ])('is taken (%#)', (connectionString) => {
    expect(problems(connectionString)).toEqual([]);
  });

  test.each([
    ['company', 'must be Name=value pairs, separated by semicolons'],
    ['AccountName=company', 'must hold AccountName and AccountKey, or a SharedAccessSignature'],
    [`DefaultEndpointsProtocol=http;${account}`, 'must lead to https (http is for loopback only)'],
    [`${account};BlobEndpoint=http://blobs.example`, 'must lead to https (http is for loopback only)'],
    [`${account};BlobEndpoint=blobs.example`, 'holds a BlobEndpoint that is no URI'],
  ])('is refused without showing it (%#)', (connectionString, rule) => {
    expect(problems(connectionString)).toEqual([`certificate.azureStorageConnectionString ${rule}`]);
  });
});
