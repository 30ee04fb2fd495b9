const below = (group: string, names: string): string[] => names.split(/\s+/).map((name) => `${group}__${name}`);

const database = below(
  'database',
  `provider postgreSqlConnectionString mySqlConnectionString sqlServerConnectionString sqliteConnectionString jsonFilePath
  mongoConnectionString mongoDatabaseName`,
);

const rsaKey = below(
  'rsaKey',
  `provider
  azureKeyvaultUri azureKeyvaultKeyName azureKeyvaultAdTenantId azureKeyvaultAdAppId azureKeyvaultAdSecret
  googleCloudProjectId googleCloudLocationId googleCloudKeyringId googleCloudKeyId googleCloudKeyVersionId
  awsAccessKeyId awsAccessKeySecret awsRegion awsKeyId awsUseSymmetricEncryption
  pkcs11Provider pkcs11LibraryPath pkcs11SlotTokenSerialNumber pkcs11LoginUserType pkcs11LoginPin
  pkcs11PrivateKeyLabel pkcs11PrivateKeyId`,
);

const certificate = below(
  'certificate',
  `provider filesystemPath filesystemPassword storeThumbprint
  azureStorageConnectionString azureStorageContainer azureStorageFileName azureStorageFilePassword
  azureKeyvaultUri azureKeyvaultCertificateName azureKeyvaultAdTenantId azureKeyvaultAdAppId azureKeyvaultAdSecret
  vaultServerUri vaultToken vaultSecretMountPoint vaultSecretPath vaultSecretDataKey vaultSecretFilePassword`,
);

const moved = [...database, ...rsaKey, ...certificate];

/** Every setting that a deployment may have had before it came to this service; all must stay known. */
export const namesOfExistingDeployments: readonly string[] = [
  'webVaultUri',
  'identityServerUri',
  ...moved,
  'transferTo__lockfilePath',
  ...moved.map((name) => `transferTo__${name}`),
];
