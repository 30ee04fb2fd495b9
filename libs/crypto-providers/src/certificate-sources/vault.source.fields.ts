import { integer, secretText, text } from '@key-connector/common';
import { vaultFields } from '../clients/vault/vault.fields.js';

/** `certificate__vault*`: a PKCS#12 file in a KV engine of version 2. */
export const vaultSourceFields = {
  ...vaultFields,
  vaultSecretMountPoint: text('Vault or OpenBao: the mount point of the KV v2 engine.').default('secret'),
  vaultSecretPath: text('Vault or OpenBao: the path of the secret.').optional(),
  vaultSecretDataKey: text('Vault or OpenBao: the field that holds the base64 PKCS#12.').optional(),
  vaultSecretVersion: integer(
    'Vault or OpenBao: the version of the secret. Not given: the one that the data keys are wrapped with, or the newest for the first.',
    { min: 1, max: Number.MAX_SAFE_INTEGER },
  ).optional(),
  vaultSecretFilePassword: secretText('Vault or OpenBao: the password of the PKCS#12.').optional(),
};
