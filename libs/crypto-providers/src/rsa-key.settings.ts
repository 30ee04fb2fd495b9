import { choice, flag, integer, secret, text, uri } from '@key-connector/common';
import { z } from 'zod';

/** Every key provider that the settings know, in the order of the reference. */
export const keyProviderKinds = ['certificate', 'azurekv', 'gcpkms', 'awskms', 'pkcs11'] as const;

/**
 * `rsaKey__*`: where the key-encryption key is.
 *
 * Settings of providers that are not chosen are accepted, because existing deployments keep leftovers.
 */
export const rsaKeySettingsSchema = z.strictObject({
  provider: choice('Where the RSA key that protects the data key is kept.', keyProviderKinds).default('certificate'),

  azureKeyvaultUri: uri('Azure Key Vault: the vault.').optional(),
  azureKeyvaultKeyName: text('Azure Key Vault: the name of the key.').optional(),
  azureKeyvaultAdTenantId: text(
    'Azure Key Vault: the Entra tenant; blank for the default credential chain.',
  ).optional(),
  azureKeyvaultAdAppId: text('Azure Key Vault: the application (client) id.').optional(),
  azureKeyvaultAdSecret: secret('Azure Key Vault: the application’s secret.').optional(),

  googleCloudProjectId: text('Google Cloud KMS: the project.').optional(),
  googleCloudLocationId: text('Google Cloud KMS: the location, such as `europe-west1`.').optional(),
  googleCloudKeyringId: text('Google Cloud KMS: the key ring.').optional(),
  googleCloudKeyId: text('Google Cloud KMS: the key.').optional(),
  googleCloudKeyVersionId: text('Google Cloud KMS: the key version.').optional(),

  awsAccessKeyId: text('AWS KMS: the access key id; blank for the default credential chain.').optional(),
  awsAccessKeySecret: secret('AWS KMS: the secret access key.').optional(),
  awsRegion: text('AWS KMS: the region, such as `eu-central-1`.').optional(),
  awsKeyId: text('AWS KMS: the key’s id or ARN.').optional(),
  awsUseSymmetricEncryption: flag('AWS KMS: the key is symmetric.').default(false),

  pkcs11Provider: choice('PKCS#11: a known module; others by `pkcs11LibraryPath`.', ['yubihsm', 'opensc']).optional(),
  pkcs11LibraryPath: text('PKCS#11: the path of the module’s shared library.').optional(),
  pkcs11SlotTokenSerialNumber: text('PKCS#11: the serial number of the token.').optional(),
  pkcs11LoginUserType: choice('PKCS#11: who logs in.', ['user', 'so', 'context_specific']).default('user'),
  pkcs11LoginPin: secret('PKCS#11: the PIN.').optional(),
  pkcs11PrivateKeyLabel: text('PKCS#11: the label of the private key.').optional(),
  pkcs11PrivateKeyId: integer('PKCS#11: the id of the private key, instead of its label.', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  }).optional(),
});

/** `rsaKey__*` as the schema gives it. */
export type RsaKeySettings = z.output<typeof rsaKeySettingsSchema>;
