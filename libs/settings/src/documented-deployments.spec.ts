import { afterAll, describe, expect, it } from '@jest/globals';
import { loadSettings } from './load-settings.js';
import { problemLines, SpecFolder } from './testing/settings-case.js';

const folder = new SpecFolder();
afterAll(() => {
  folder.remove();
});

/** What the official installer writes, and the shape of what its public guide has people put in place of it. */
const installed = `
keyConnectorSettings__webVaultUri=https://bitwarden.example.com
keyConnectorSettings__identityServerUri=http://identity:5000
keyConnectorSettings__database__provider=json
keyConnectorSettings__database__jsonFilePath=/etc/bitwarden/key-connector/data.json
keyConnectorSettings__rsaKey__provider=certificate
keyConnectorSettings__certificate__provider=filesystem
keyConnectorSettings__certificate__filesystemPath=/etc/bitwarden/key-connector/bwkc.pfx
keyConnectorSettings__certificate__filesystemPassword=aB3#dE5$fG7"hI9
LOCAL_UID=1001
LOCAL_GID=1001`;

const databases: readonly [string, Readonly<Record<string, string>>][] = [
  [
    'sqlserver',
    {
      database__sqlServerConnectionString:
        'Data Source=tcp:mssql,1433;Initial Catalog=keys;Persist Security Info=False;User ID=sa;Password=aB3#dE5;MultipleActiveResultSets=False;Connect Timeout=30;Encrypt=True;TrustServerCertificate=True',
    },
  ],
  [
    'postgresql',
    {
      database__postgreSqlConnectionString:
        'Host=db;Port=5432;Database=keys;Username=kc;Password=aB3#dE5;Search Path=prod',
    },
  ],
  ['mysql', { database__mySqlConnectionString: 'server=db;user id=kc;password=aB3#dE5;database=keys' }],
];

const blank = 'BlobEndpoint=https://keys.blob.core.windows.net/;QueueEndpoint=https://keys.queue.core.windows.net/';
const rsaKeys: readonly [string, Readonly<Record<string, string>>][] = [
  ['certificate', { certificate__provider: 'filesystem' }],
  [
    'certificate in Azure Storage',
    {
      certificate__provider: 'azurestorage',
      certificate__azureStorageConnectionString: `${blank};SharedAccessSignature=sv=2024-11-04&ss=bf&sig=aB%2Bc%3D`,
      certificate__azureStorageContainer: 'keys',
      certificate__azureStorageFileName: 'bwkc.pfx',
      certificate__azureStorageFilePassword: 'aB3#dE5',
    },
  ],
  [
    'certificate in Azure Key Vault',
    {
      certificate__provider: 'azurekv',
      certificate__azureKeyvaultUri: 'https://keys.vault.azure.net/',
      certificate__azureKeyvaultCertificateName: 'bwkc',
      certificate__azureKeyvaultAdTenantId: '6f2a7c1e-0000-4000-8000-000000000001',
      certificate__azureKeyvaultAdAppId: '6f2a7c1e-0000-4000-8000-000000000002',
      certificate__azureKeyvaultAdSecret: 'aB~3#dE5',
    },
  ],
  [
    'certificate in HashiCorp Vault',
    {
      certificate__provider: 'vault',
      certificate__vaultServerUri: 'https://vault.example.com:8200',
      certificate__vaultToken: 'hvs.aB3dE5',
      certificate__vaultSecretMountPoint: 'secret',
      certificate__vaultSecretPath: 'key-connector',
      certificate__vaultSecretDataKey: 'file',
      certificate__vaultSecretFilePassword: 'aB3#dE5',
    },
  ],
  [
    'Azure Key Vault',
    {
      rsaKey__provider: 'azurekv',
      rsaKey__azureKeyvaultUri: 'https://keys.vault.azure.net/',
      rsaKey__azureKeyvaultKeyName: 'bwkc',
      rsaKey__azureKeyvaultAdTenantId: '6f2a7c1e-0000-4000-8000-000000000001',
      rsaKey__azureKeyvaultAdAppId: '6f2a7c1e-0000-4000-8000-000000000002',
      rsaKey__azureKeyvaultAdSecret: 'aB~3#dE5',
    },
  ],
  [
    'Google Cloud KMS',
    {
      rsaKey__provider: 'gcpkms',
      rsaKey__googleCloudProjectId: 'keys',
      rsaKey__googleCloudLocationId: 'europe-west3',
      rsaKey__googleCloudKeyringId: 'ring',
      rsaKey__googleCloudKeyId: 'bwkc',
      rsaKey__googleCloudKeyVersionId: '1',
    },
  ],
  [
    'AWS KMS',
    {
      rsaKey__provider: 'awskms',
      rsaKey__awsAccessKeyId: 'AKIAEXAMPLE',
      rsaKey__awsAccessKeySecret: 'aB3+dE5/fG7',
      rsaKey__awsRegion: 'eu-central-1',
      rsaKey__awsKeyId: '6f2a7c1e-0000-4000-8000-000000000003',
    },
  ],
  [
    'PKCS#11',
    {
      rsaKey__provider: 'pkcs11',
      rsaKey__pkcs11Provider: 'yubihsm',
      rsaKey__pkcs11SlotTokenSerialNumber: '00001234',
      rsaKey__pkcs11LoginUserType: 'user',
      rsaKey__pkcs11LoginPin: '0001password',
      rsaKey__pkcs11PrivateKeyLabel: 'bwkc',
      certificate__filesystemPath: '/etc/bitwarden/key-connector/certificate.pem',
    },
  ],
];

/** Every documented name that a variant does not give, with the guide's placeholder behind it, or nothing. */
function leftoversBeside(given: Readonly<Record<string, string>>): Record<string, string> {
  const documented = [...databases, ...rsaKeys].flatMap(([, values]) => Object.keys(values));
  documented.push('database__mongoConnectionString', 'database__mongoDatabaseName');
  const unused = documented.filter((name) => !(name in given) && !/provider$|filesystemPath$/i.test(name));
  return Object.fromEntries(unused.map((name, index) => [name, index % 2 === 0 ? '{Placeholder}' : '']));
}

function fileOf(name: string, given: Readonly<Record<string, string>>): string {
  const all = Object.entries({ ...leftoversBeside(given), ...given });
  const lines = all.map(([path, value]) => `keyConnectorSettings__${path}=${value}`);
  return folder.write(`${name.replace(/\W/g, '-')}.env`, `${[installed, ...lines].join('\n')}\n`);
}

describe('an env file of the official installation, with leftovers and placeholders of all that was not chosen', () => {
  it.each(databases)('is taken as it is with %s', async (provider, values) => {
    const file = fileOf(provider, { database__provider: provider, ...values });
    const settings = await loadSettings({ KEY_CONNECTOR_ENV_FILE: file });
    expect(settings.database.provider).toBe(provider);
    expect(settings.keyProvider).toMatchObject({ source: { path: '/etc/bitwarden/key-connector/bwkc.pfx' } });
  });

  it.each(rsaKeys)('is taken as it is with %s', async (name, values) => {
    const database = {
      database__provider: 'mysql',
      database__mySqlConnectionString: 'Server=db;User=kc;Database=keys',
    };
    const file = fileOf(name, { ...database, ...values });
    expect(await problemLines({ KEY_CONNECTOR_ENV_FILE: file })).toEqual([]);
  });

  it('is refused with the JSON file, and with what to do', async () => {
    expect(await problemLines({ KEY_CONNECTOR_ENV_FILE: fileOf('json', {}) })).toEqual([
      expect.stringMatching(/database__provider: json is import only.*database__importJsonFilePath/),
    ]);
  });
});
