import { text } from '@key-connector/common';
import { azureVaultFields, chooseAzureVaultAccess } from '../../clients/azure/azure-vault-access.js';
import { defineKeyProvider } from '../../contract/key-provider-definition.js';
import { required } from '../../contract/required-settings.js';
import type { AzureKeyVaultSettings } from './azure-keys.client.js';

/** A key that stays in Azure Key Vault or Managed HSM. */
export const azureKeyVault = defineKeyProvider({
  kind: 'azurekv',
  fields: {
    ...azureVaultFields,
    azureKeyvaultKeyName: text('Azure Key Vault: the name of the key.').optional(),
    azureKeyvaultKeyVersion: text(
      'Azure Key Vault: the version of the key. Not given: the one that the data keys are wrapped with; at the first start, the current one.',
    ).optional(),
  },

  choose: (rsaKey, report): AzureKeyVaultSettings | undefined => {
    const access = chooseAzureVaultAccess('rsaKey', rsaKey, report);
    const given = required('rsaKey', rsaKey, { azureKeyvaultKeyName: 'the name of the key in the vault' }, report);
    if (access === undefined || given === undefined) return undefined;
    return { access, keyName: given.azureKeyvaultKeyName, keyVersion: rsaKey.azureKeyvaultKeyVersion };
  },

  describe: ({ access, keyName }) => `key ${keyName} of ${access.vaultUri}`,
  open: async (settings, options) => (await import('./open-key.js')).openAzureKeyVault(settings, options),
});
