import { afterAll, describe, expect, it } from '@jest/globals';

import { loadSettings } from './load-settings.js';
import { enough, enoughAnd, nameOf, problemLines, SpecFolder } from './testing/settings-case.js';

describe('loadSettings', () => {
  it('loads the fewest settings that a service starts with, and fills in the defaults', async () => {
    const settings = await loadSettings(enough);

    expect(settings.identityServerUri).toBe('https://vault.example/identity');
    expect(settings.http).toMatchObject({ host: '*', port: 5000, basePath: '', trustProxy: false });
    expect(settings.database).toMatchObject({
      provider: 'sqlite',
      connection: { file: '/srv/keys.db' },
      migrate: true,
    });
    expect(settings.keyProvider).toMatchObject({ kind: 'certificate', source: { path: '/srv/bwkc.pfx' } });
    expect(settings.metrics).toEqual({ host: '127.0.0.1' });
  });

  it('reports every problem at once, sorted, one line each with name, rule and place', async () => {
    const lines = await problemLines({
      [nameOf('http__port')]: 'no number',
      [nameOf('http__tlsKeyPath')]: '/tls.key',
      KEYCONNECTORSETTINGS__DATABASE__PROVIDER: 'oracle',
      [nameOf('auth__clockSkewSeconds')]: '301',
      [nameOf('databse__provider')]: 'sqlite',
    });

    expect(lines).toEqual([
      '  auth__clockSkewSeconds: must be at most 300 (environment: keyConnectorSettings__auth__clockSkewSeconds)',
      expect.stringMatching(/^ {2}certificate__filesystemPath: is required.*not given; environment name: \w+\)$/),
      expect.stringMatching(/^ {2}database__provider: must be one of .*KEYCONNECTORSETTINGS__DATABASE__PROVIDER\)$/),
      '  databse__provider: is not a known setting; did you mean keyConnectorSettings__database__provider? ' +
        '(environment: keyConnectorSettings__databse__provider)',
      '  http__port: must be a whole number (environment: keyConnectorSettings__http__port)',
      '  http__tlsCertificatePath: is required, because http__tlsKeyPath is given ' +
        '(not given; environment name: keyConnectorSettings__http__tlsCertificatePath)',
      '  identityServerUri: is required, unless auth__issuer is given with auth__jwksUri or auth__publicKeyPath ' +
        '(not given; environment name: keyConnectorSettings__identityServerUri)',
    ]);
  });

  it('says that the quotes of an env file are part of the value', async () => {
    expect(await problemLines(enoughAnd({ http__port: '"5000"' }))).toEqual([
      expect.stringContaining('must be a whole number; the quotes around it are part of the value'),
    ]);
  });

  it('says of a broken setting only what is wrong with it, not that it is missing', async () => {
    const [line, ...others] = await problemLines(enoughAnd({ database__sqliteConnectionString_FILE: '/nowhere' }));
    expect(line).toContain('is given both as itself and as');
    expect(others).toEqual([]);
  });

  it.each(['json', 'mongo'])('refuses the database %s by name', async (provider) => {
    const lines = await problemLines(enoughAnd({ database__provider: provider }));
    expect(lines.filter((line) => line.includes('database__provider:'))).toEqual([expect.stringContaining(provider)]);
  });

  it.each([
    ['rsaKey', 'azurekv'],
    ['rsaKey', 'gcpkms'],
    ['rsaKey', 'awskms'],
    ['rsaKey', 'pkcs11'],
    ['certificate', 'azurestorage'],
    ['certificate', 'azurekv'],
  ])('says under %s what is missing for %s', async (branch, provider) => {
    const lines = await problemLines(enoughAnd({ [`${branch}__provider`]: provider }));
    expect(lines).not.toEqual([]);
    for (const line of lines) expect(line).toContain(`${branch}__`);
  });

  describe('what an existing deployment has left over of providers that are not chosen', () => {
    const broken = {
      rsaKey__awsEndpoint: 'http://kms.example',
      rsaKey__googleCloudEndpoint: 'kms.example',
      rsaKey__vaultServerUri: 'vault',
      rsaKey__azureKeyvaultUri: '{KEY_VAULT}',
      rsaKey__pkcs11LoginUserType: 'anybody',
      rsaKey__pkcs11PrivateKeyId: 'first',
      rsaKey__pkcs11LoginPin_FILE: '/nonexistent/pin',
    };

    it('is no problem, whatever it holds', async () => {
      const certificate = { certificate__azureKeyvaultUri: 'vault', certificate__vaultSecretVersion: 'newest' };
      expect((await loadSettings(enoughAnd({ ...broken, ...certificate }))).keyProvider).toMatchObject({
        kind: 'certificate',
      });
    });

    it('is none in the certificate either, where none is read', async () => {
      const aws = { rsaKey__provider: 'AwsKms', rsaKey__awsKeyId: 'alias/kc', rsaKey__awsRegion: 'eu-central-1' };
      const certificate = { certificate__provider: 'somewhere', certificate__azureKeyvaultUri: 'vault' };
      const { keyProvider } = await loadSettings(
        enoughAnd({ ...broken, ...aws, ...certificate, rsaKey__awsEndpoint: '' }),
      );
      expect(keyProvider).toMatchObject({ kind: 'awskms' });
    });

    it.each([
      ['awskms', ['rsaKey__awsEndpoint: must be https']],
      ['gcpkms', ['rsaKey__googleCloudEndpoint: must be an http']],
      ['azurekv', ['rsaKey__azureKeyvaultUri: must be']],
      ['vaulttransit', ['rsaKey__vaultServerUri: must be']],
      [
        'pkcs11',
        [
          'rsaKey__pkcs11LoginPin: cannot be read',
          'rsaKey__pkcs11LoginUserType: must be one of',
          'rsaKey__pkcs11PrivateKeyId: must be a whole number',
        ],
      ],
    ])('is looked at once %s is chosen', async (provider, expected) => {
      const lines = await problemLines(enoughAnd({ ...broken, rsaKey__provider: provider }));
      const ofValues = lines.filter((line) => !line.includes('is required'));
      expect(ofValues).toEqual(expected.map((text) => expect.stringContaining(text)));
    });

    it('is all looked at where the choice itself is wrong', async () => {
      expect(await problemLines(enoughAnd({ ...broken, rsaKey__provider: 'hsm' }))).toHaveLength(8);
    });

    it('counts for the source of a certificate likewise', async () => {
      const certificate = { certificate__provider: 'vault', certificate__vaultSecretVersion: 'newest' };
      expect(await problemLines(enoughAnd(certificate))).toContainEqual(expect.stringContaining('vaultSecretVersion'));
    });
  });

  it('refuses every setting of a transfer by name, and still checks its type', async () => {
    const lines = await problemLines(
      enoughAnd({ transferTo__lockfilePath: '/lock', transferTo__database__migrate: 'perhaps' }),
    );
    expect(lines.filter((line) => line.includes('moving keys is not built yet'))).toHaveLength(2);
    expect(lines).toContainEqual(expect.stringContaining('transferTo__database__migrate: must be true or false'));
  });

  it('asks for the identity server unless the issuer and its keys are given', async () => {
    const without = { ...enough, [nameOf('identityServerUri')]: '' };
    const issuer = { [nameOf('auth__issuer')]: 'https://vault.example|login' };

    expect(await problemLines(without)).toEqual([expect.stringContaining('identityServerUri: is required')]);
    expect(await problemLines({ ...without, ...issuer })).toEqual([
      expect.stringContaining('identityServerUri: is required'),
    ]);
    expect(
      await problemLines({ ...without, ...issuer, [nameOf('auth__jwksUri')]: 'https://vault.example/jwks' }),
    ).toEqual([]);
    expect(await problemLines({ ...without, ...issuer, [nameOf('auth__publicKeyPath')]: '/srv/issuer.pem' })).toEqual(
      [],
    );
  });
});

describe('the settings of a package that brings the key provider', () => {
  const folder = new SpecFolder();
  afterAll(() => {
    folder.remove();
  });
  const main = folder.write(
    'provider.mjs',
    `const properties = { slot: { type: 'string', description: 'The slot.' } };
    const validate = (value) => ({ value });
    const jsonSchema = { input: () => ({ type: 'object', properties }) };
    const settings = { '~standard': { version: 1, vendor: 'spec', validate, jsonSchema } };
    const describe = ({ slot }) => 'slot ' + slot;
    export const keyProvider = { apiVersion: 1, settings, describe, open: () => Promise.reject(new Error('not here')) };`,
  );
  const withPackage = (settings: Record<string, string>): ReturnType<typeof enoughAnd> =>
    enoughAnd({ rsaKey__provider: `module:${main}`, ...settings });

  it('are read beside those of the service', async () => {
    const settings = await loadSettings(withPackage({ rsaKey__module__slot: '7', rsaKey__timeoutSeconds: '9' }));
    expect(settings.keyProvider).toMatchObject({ kind: 'module', timeoutSeconds: 9, module: { given: { slot: '7' } } });
    expect(settings.database).toMatchObject({ provider: 'sqlite' });
  });

  it('do not let a transfer through', async () => {
    expect(await problemLines(withPackage({ transferTo__database__provider: 'sqlite' }))).toEqual([
      expect.stringContaining('transferTo__database__provider: is known, but moving keys is not built yet'),
    ]);
  });
});
