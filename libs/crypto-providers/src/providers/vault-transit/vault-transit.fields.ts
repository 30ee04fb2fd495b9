import { integer, text } from '@key-connector/common';
import { vaultFields } from '../../clients/vault/vault.fields.js';

/** `rsaKey__vault*`: a key that stays in the transit engine of Vault or OpenBao. */
export const vaultTransitFields = {
  ...vaultFields,
  vaultTransitMountPoint: text('Vault or OpenBao: the mount point of the transit engine.').default('transit'),
  vaultTransitKeyName: text('Vault or OpenBao: the name of the RSA key.').optional(),
  vaultTransitKeyVersion: integer(
    'Vault or OpenBao: the version of the key. Not given: the one that the data keys are wrapped with, or the newest for the first.',
    { min: 1, max: Number.MAX_SAFE_INTEGER },
  ).optional(),
};
