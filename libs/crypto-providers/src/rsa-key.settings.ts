import { choice, integer } from '@key-connector/common';
import { z } from 'zod';
import { awsKmsFields } from './providers/aws-kms/aws-kms.fields.js';
import { azureKeyVaultFields } from './providers/azure-key-vault/azure-key-vault.fields.js';
import { googleCloudKmsFields } from './providers/google-cloud-kms/google-cloud-kms.fields.js';
import { closedModuleBranch } from './providers/package/module.settings.js';
import { pkcs11Fields } from './providers/pkcs11/pkcs11.fields.js';
import { vaultTransitFields } from './providers/vault-transit/vault-transit.fields.js';
import { providerField } from './provider.field.js';

/** Every key provider that the settings know, in the order of the reference. */
export const keyProviderKinds = ['certificate', 'azurekv', 'gcpkms', 'awskms', 'pkcs11', 'vaulttransit'] as const;

/** The hashes of RSA-OAEP that the settings know. */
const oaepHashNames = ['sha1', 'sha256'] as const;

/**
 * `rsaKey__*`: where the key-encryption key is.
 *
 * Settings of providers that are not chosen are accepted, because existing deployments keep leftovers.
 */
export const rsaKeySettingsSchema = z.strictObject({
  provider: providerField(
    'Where the RSA key that protects the data key is kept; `module:<package>` where a package brings the provider.',
    keyProviderKinds,
  ).default('certificate'),
  timeoutSeconds: integer('Longest wait for one answer of the key provider.', { min: 1, max: 120 }).default(15),
  oaepHash: choice(
    'The hash of RSA-OAEP for new wrappings, where the provider offers both; each wrapping is opened with its own. Not given: the provider’s default.',
    oaepHashNames,
  ).optional(),
  ...azureKeyVaultFields,
  ...googleCloudKmsFields,
  ...awsKmsFields,
  ...pkcs11Fields,
  ...vaultTransitFields,
  module: closedModuleBranch,
});

/** `rsaKey__*` as the schema gives it. */
export type RsaKeySettings = z.output<typeof rsaKeySettingsSchema>;
