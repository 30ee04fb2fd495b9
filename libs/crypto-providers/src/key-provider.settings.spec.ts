import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { keyProviderSettingsSchema } from './key-provider.settings.js';
import { chooseFile } from './certificate-sources/filesystem.source.js';
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

  it.each(['https://keys:hunter2@blob.example', 'https://keys:12/hunter2@blob.example'])(
    'take no user and password in the endpoint of Azure Storage, and do not show them',
    (endpoint) => {
      const certificate = {
        provider: 'azurestorage',
        azureStorageConnectionString: `BlobEndpoint=${endpoint};SharedAccessSignature=sig`,
        azureStorageContainer: 'c',
        azureStorageFileName: 'f',
      };
      const [problem, ...others] = problems({ certificate });
      expect(others).toEqual([]);
      expect(problem).toMatch(/^certificate\.azureStorageConnectionString: holds a BlobEndpoint with a user name/);
      expect(problem).not.toMatch(/hunter2/);
    },
  );
  it('take the file of an existing container where no path is given and it is there', () => {
    const report = jest.fn();
    const password = new Secret('p');
    const choose = (path: string | undefined, isThere: boolean): unknown =>
      chooseFile({ filesystemPath: path, filesystemPassword: password }, report, () => isThere);
    expect(choose(undefined, true)).toEqual({ path: '/etc/bitwarden/key.pfx', password });
    expect(choose('/keys/own.pfx', true)).toEqual({ path: '/keys/own.pfx', password });
    expect(report).not.toHaveBeenCalled();
    expect(choose(undefined, false)).toBeUndefined();
    expect(report).toHaveBeenCalledWith(
      ['certificate', 'filesystemPath'],
      expect.stringContaining('there is no /etc/bitwarden/key.pfx either'),
    );
  });

  it('take a thumbprint as it was copied, and refuse what is none', () => {
    const copied = `\u200e${'AB:CD '.repeat(10)}`;
    expect(keyProviderSettingsSchema.parse({ certificate: { ...file, thumbprint: copied } })).toMatchObject({
      source: { ofThumbprint: 'abcd'.repeat(10) },
    });
    expect(problems({ certificate: { ...file, thumbprint: 'ab:cd' } })).toEqual([
      'certificate.thumbprint: must be a SHA-1 thumbprint: 40 hexadecimal digits',
    ]);
  });

  it('know futurex, and say that its library has to be named', () => {
    const rsaKey = { provider: 'pkcs11', pkcs11Provider: 'Futurex', pkcs11PrivateKeyLabel: 'kc' };
    expect(problems({ rsaKey })).toEqual([
      expect.stringMatching(/^rsaKey\.pkcs11LibraryPath: is required with futurex.*libfxpkcs11\.so/),
    ]);
    expect(problems({ rsaKey: { ...rsaKey, pkcs11LibraryPath: '/opt/fx/libfxpkcs11.so' } })).toEqual([]);
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
