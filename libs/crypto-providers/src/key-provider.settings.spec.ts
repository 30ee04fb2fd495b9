import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { keyProviderSettingsSchema } from './key-provider.settings.js';
import { certificateSources } from './certificate-sources/index.js';
import { kindsOf } from './contract/definitions.js';
import { keyProviders } from './providers/index.js';
import { revealed } from './testing/revealed.js';

const file = { filesystemPath: '/keys/bwkc.pfx', filesystemPassword: 'p' };
const problems = (input: object): string[] =>
  (keyProviderSettingsSchema.safeParse(input).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

describe('the settings of the key provider', () => {
  it('choose the certificate from the filesystem unless told otherwise', () => {
    expect(revealed(keyProviderSettingsSchema.parse({ certificate: file }))).toEqual({
      kind: 'certificate',
      timeoutSeconds: 15,
      source: { kind: 'filesystem', path: '/keys/bwkc.pfx', password: 'p' },
    });
  });

  it('accept what an existing deployment has left over of other providers', () => {
    const rsaKey = {
      provider: 'Certificate',
      azureKeyvaultUri: 'https://x.vault.azure.net',
      awsUseSymmetricEncryption: 'False',
    };
    const certificate = { provider: 'filesystem', vaultToken: 't', ...file };
    expect(problems({ rsaKey, certificate })).toEqual([]);
  });

  it.each(kindsOf(keyProviders))('say what is missing for %s', (provider) => {
    const found = problems({ rsaKey: { provider } });
    expect(found).not.toEqual([]);
    for (const problem of found) expect(problem).toMatch(/^(rsaKey|certificate)\.\w+: is required/);
  });

  it.each(kindsOf(certificateSources))('say what is missing for the source %s', (provider) => {
    const found = problems({ certificate: { provider } });
    expect(found).not.toEqual([]);
    for (const problem of found) expect(problem).toMatch(/^certificate\.\w+: is required/);
  });

  it('ask for the path of the file', () => {
    expect(problems({})).toEqual([expect.stringMatching(/^certificate\.filesystemPath: is required/)]);
  });

  it('refuse an unknown name', () => {
    expect(problems({ rsaKey: { provder: 'certificate' }, certificate: file })).not.toEqual([]);
  });
});

describe('the lists', () => {
  const entries = (folder: string): string[] => readdirSync(join(import.meta.dirname, folder));

  it('have a line for each folder of a provider, and for each file of a source', () => {
    // The folder of packages is none of our own providers.
    const folders = entries('providers').filter((name) => !name.endsWith('.ts') && name !== 'package');
    expect(folders).toHaveLength(keyProviders.length);
    const sources = entries('certificate-sources').filter((name) => name.endsWith('.source.ts'));
    expect(sources).toHaveLength(certificateSources.length);
  });

  it('have each kind and each field once', () => {
    for (const list of [keyProviders, certificateSources]) {
      const names = list.flatMap(({ kind, fields }) => [`the kind ${kind}`, ...Object.keys(fields)]);
      expect([...new Set(names)]).toEqual(names);
    }
  });
});

describe('printed settings', () => {
  const canary = 'canary-7d1f';
  const vault = { vaultServerUri: 'https://vault.example' };
  const azure = {
    azureKeyvaultUri: 'https://x.vault.azure.net',
    azureKeyvaultAdTenantId: 't',
    azureKeyvaultAdAppId: 'a',
    azureKeyvaultAdSecret: canary,
  };
  const transit = { provider: 'vaulttransit', vaultTransitKeyName: 'k', ...vault };
  const blob = { provider: 'azurestorage', azureStorageContainer: 'c', azureStorageFileName: 'f' };
  const kv = { provider: 'vault', vaultSecretPath: 'p', vaultSecretDataKey: 'd', ...vault };
  const connectionString = `AccountName=a;AccountKey=${canary}`;
  /** Settings that together hold every secret there is. */
  const settings: { rsaKey?: Record<string, unknown>; certificate?: Record<string, unknown> }[] = [
    {
      rsaKey: {
        provider: 'awskms',
        awsRegion: 'eu-central-1',
        awsKeyId: 'k',
        awsAccessKeyId: 'id',
        awsAccessKeySecret: canary,
        awsSessionToken: canary,
      },
    },
    { rsaKey: { provider: 'azurekv', azureKeyvaultKeyName: 'k', ...azure } },
    { rsaKey: { ...transit, vaultToken: canary } },
    { rsaKey: { ...transit, vaultAppRoleId: 'r', vaultAppRoleSecretId: canary } },
    { rsaKey: { provider: 'pkcs11', pkcs11Provider: 'opensc', pkcs11PrivateKeyLabel: 'k', pkcs11LoginPin: canary } },
    { certificate: { ...file, filesystemPassword: canary } },
    { certificate: { ...blob, azureStorageConnectionString: connectionString, azureStorageFilePassword: canary } },
    { certificate: { provider: 'azurekv', azureKeyvaultCertificateName: 'c', ...azure } },
    { certificate: { ...kv, vaultToken: canary, vaultSecretFilePassword: canary } },
    { certificate: { ...kv, vaultAppRoleId: 'r', vaultAppRoleSecretId: canary } },
  ];

  it('show no secret of any provider or source', () => {
    for (const given of settings) {
      const chosen = keyProviderSettingsSchema.parse(given);
      expect(JSON.stringify(revealed(chosen))).toContain(canary);
      expect([inspect(chosen, { depth: 20, showHidden: true }), JSON.stringify(chosen)].join()).not.toContain(canary);
    }
  });

  it('were tried with every field that is marked secret', () => {
    const marked = (branch: string, fields: Readonly<Record<string, z.ZodType>>): string[] =>
      Object.entries(fields).flatMap(([name, field]) =>
        field instanceof z.ZodOptional && (field.unwrap() as z.ZodType).meta()?.secret === true
          ? `${branch}.${name}`
          : [],
      );
    const all = [
      ...keyProviders.flatMap(({ fields }) => marked('rsaKey', fields)),
      ...certificateSources.flatMap(({ fields }) => marked('certificate', fields)),
    ];
    const tried = settings.flatMap((branches) =>
      Object.entries(branches).flatMap(([branch, values]) =>
        Object.entries(values).flatMap(([name, value]) => (String(value).includes(canary) ? `${branch}.${name}` : [])),
      ),
    );
    expect([...new Set(tried)].sort()).toEqual(all.sort());
  });
});
