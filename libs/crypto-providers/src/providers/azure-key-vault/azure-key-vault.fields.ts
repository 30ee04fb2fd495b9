import { text } from '@key-connector/common';
import { vaultAccessFields } from '../../clients/azure/vault-access.fields.js';

/** `rsaKey__azureKeyvault*`: a key that stays in Azure Key Vault or Managed HSM. */
export const azureKeyVaultFields = {
  ...vaultAccessFields,
  azureKeyvaultKeyName: text('Azure Key Vault: the name of the key.').optional(),
  azureKeyvaultKeyVersion: text(
    'Azure Key Vault: the version of the key. Not given: the one that the data keys are wrapped with; at the first start, the current one.',
  ).optional(),
};
