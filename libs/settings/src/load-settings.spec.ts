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
          'rsaKey__pkcs11PrivateKeyId: must be a whole number, or the bytes',
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

    it.each(['postgresql', 'mysql', 'sqlserver', 'sqlite'])(
      'is none of %s: connection strings of others are not read, MongoDB’s included',
      async (provider) => {
        const strings = {
          postgresql: 'Host=h;Username=u',
          mysql: 'Server=h;Database=d;User=u',
          sqlserver: 'Server=h;User=u',
          sqlite: 'Data Source=/d',
        };
        const names = ['postgreSql', 'mySql', 'sqlServer', 'sqlite', 'mongo'];
        const leftovers = names.map((name) => [`database__${name}ConnectionString_FILE`, '/nonexistent/secret']);
        const own = names.find((name) => name.toLowerCase() === provider) ?? '';
        const { database } = await loadSettings(
          enoughAnd({
            ...(Object.fromEntries(leftovers) as Record<string, string>),
            [`database__${own}ConnectionString_FILE`]: '',
            [`database__${own}ConnectionString`]: strings[provider as keyof typeof strings],
            database__sqliteConnectionString: provider === 'sqlite' ? strings.sqlite : '',
            database__mongoDatabaseName: 'keys',
            database__jsonFilePath: '/data/data.json',
            database__provider: provider,
          }),
        );
        expect(database.provider).toBe(provider);
      },
    );

    it('names MongoDB alone where that is chosen', async () => {
      const lines = await problemLines(
        enoughAnd({ database__provider: 'mongo', database__mongoConnectionString: 'mongodb://u:hunter2@h' }),
      );
      expect(lines).toEqual([expect.stringContaining('database__provider: mongo is not supported')]);
      expect(lines.join('')).not.toContain('hunter2');
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

describe('the region of AWS', () => {
  const kms = { rsaKey__provider: 'awskms', rsaKey__awsKeyId: 'alias/kc' };
  const database = {
    database__provider: 'postgresql',
    database__sqliteConnectionString: '',
    database__identity: 'awsRdsIam',
  };
  const host = (name: string) => ({
    database__postgreSqlConnectionString: `Host=${name};Username=u;SSL Mode=VerifyFull`,
  });

  it.each([
    ['AWS_REGION', { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1' }],
    ['AWS_DEFAULT_REGION', { AWS_REGION: ' ', AWS_DEFAULT_REGION: 'eu-west-1' }],
  ])('is that of %s where the settings give none', async (_, variables) => {
    const { keyProvider } = await loadSettings({ ...enoughAnd(kms), ...variables });
    expect(keyProvider).toMatchObject({ region: 'eu-west-1' });
    const settings = await loadSettings({ ...enoughAnd({ ...database, ...host('db.internal') }), ...variables });
    expect(settings.database.identity).toMatchObject({ region: 'eu-west-1' });
  });

  it('is that of the settings before it, and of the key’s ARN', async () => {
    const own = await loadSettings({
      ...enoughAnd({ ...kms, rsaKey__awsRegion: 'eu-central-1' }),
      AWS_REGION: 'eu-west-1',
    });
    expect(own.keyProvider).toMatchObject({ region: 'eu-central-1' });
    const arn = 'arn:aws:kms:eu-central-1:111122223333:key/0d990263-018e-4e65-a703-eff731de951e';
    const named = await loadSettings({ ...enoughAnd({ ...kms, rsaKey__awsKeyId: arn }), AWS_REGION: 'eu-west-1' });
    expect(named.keyProvider).toMatchObject({ region: 'eu-central-1' });
  });

  it('is required where nobody says it', async () => {
    expect(await problemLines(enoughAnd(kms))).toEqual([
      expect.stringContaining('rsaKey__awsRegion: is required: the region of the key'),
    ]);
    expect(await problemLines(enoughAnd({ ...database, ...host('db.internal') }))).toEqual([
      expect.stringContaining('database__awsRegion: is required'),
    ]);
  });
});

describe('quotes and line ends that an env file leaves', () => {
  const hint = '; the quotes around it are part of the value (environment: ';

  it.each([
    ['postgresql', 'postgreSql', 'Host=h;Username=u;Password=hunter2'],
    ['postgresql', 'postgreSql', 'postgres://u:hunter2@h/d'],
    ['mysql', 'mySql', 'Server=h;Database=d;User=u;Password=hunter2'],
    ['mysql', 'mySql', 'mysql://u:hunter2@h/d'],
    ['sqlserver', 'sqlServer', 'Server=h;User=u;Password=hunter2'],
    ['sqlserver', 'sqlServer', 'mssql://u:hunter2@h/d'],
    ['sqlite', 'sqlite', 'Data Source=/data/keys.db'],
  ])('are named where they stand around a connection string of %s (%#)', async (provider, name, text) => {
    for (const quote of [`"`, `'`]) {
      const lines = await problemLines(
        enoughAnd({ database__provider: provider, [`database__${name}ConnectionString`]: quote + text + quote }),
      );
      expect(lines).toEqual([expect.stringContaining(`ConnectionString: must not stand in quotes as a whole${hint}`)]);
    }
  });

  it.each(['Host=h;Username=u;Password=p\r', 'Host=h;Username=u;Password=p\r\n', 'postgres://u:p@h/u\r'])(
    'are no part of a connection string: %j',
    async (text) => {
      const named = enoughAnd({
        database__provider: 'postgresql',
        database__sqliteConnectionString: '',
        database__postgreSqlConnectionString: text,
      });
      const { database } = await loadSettings(named);
      if (database.provider !== 'postgresql') throw new Error('another provider was chosen');
      expect(database.connection.password?.reveal()).toBe('p');
      expect(database.connection.database).toBe('u');
    },
  );

  it.each([
    ['"hunter2"', ['the quotes around it are part of the value']],
    ["'hunter2'", ['the quotes around it are part of the value']],
    ['hunter2\r', ['the line end behind it is part of the value']],
    ['hunter2\r\n', ['the line end behind it is part of the value']],
    ['"hunter2"\r', ['the quotes around it are part of the value', 'the line end behind it is part of the value']],
    ['hunter"2', []],
    ['"', []],
  ])('are remarked on for a password, which they may be part of: %j', async (password, expected) => {
    const settings = await loadSettings(enoughAnd({ certificate__filesystemPassword: password }));
    const where = 'environment: keyConnectorSettings__certificate__filesystemPassword';
    expect(settings.remarks).toEqual(expected.map((what) => `certificate__filesystemPassword: ${what} (${where}).`));
  });

  it('are not remarked on where nobody looks at the password', async () => {
    const { remarks } = await loadSettings(enoughAnd({ rsaKey__pkcs11LoginPin: '"1234"' }));
    expect(remarks).toEqual([]);
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
