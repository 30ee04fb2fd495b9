import { secret, text, uri } from '@key-connector/common';

/** `rsaKey__azureKeyvault*`: a key that stays in Azure Key Vault. */
export const azureKeyVaultFields = {
  azureKeyvaultUri: uri('Azure Key Vault: the vault.').optional(),
  azureKeyvaultKeyName: text('Azure Key Vault: the name of the key.').optional(),
  azureKeyvaultAdTenantId: text(
    'Azure Key Vault: the Entra tenant; blank for the default credential chain.',
  ).optional(),
  azureKeyvaultAdAppId: text('Azure Key Vault: the application (client) id.').optional(),
  azureKeyvaultAdSecret: secret('Azure Key Vault: the application’s secret.').optional(),
};
