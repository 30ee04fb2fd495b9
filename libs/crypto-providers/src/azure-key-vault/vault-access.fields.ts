import { flag, secretText, serverUri, text } from '@key-connector/common';

/** Which vault, and who asks it: the same settings under `rsaKey` and under `certificate`. */
export const vaultAccessFields = {
  azureKeyvaultUri: serverUri(
    'Azure Key Vault or Managed HSM: the vault, such as `https://name.vault.azure.net`.',
  ).optional(),
  azureKeyvaultAdTenantId: text(
    'Azure Key Vault: the Entra tenant; needed with a secret, otherwise the platform gives it.',
  ).optional(),
  azureKeyvaultAdAppId: text(
    'Azure Key Vault: the application (client) id; without a secret, that of the managed or workload identity.',
  ).optional(),
  azureKeyvaultAdSecret: secretText(
    'Azure Key Vault: the application’s secret. Not given: managed identity, workload identity or the environment.',
  ).optional(),
  azureKeyvaultAuthorityHost: serverUri(
    'Azure Key Vault: where Entra signs in. Not given: that of the cloud which the vault’s name belongs to.',
  ).optional(),
  azureKeyvaultVerifyResource: flag(
    'Azure Key Vault: tokens are sent only to a name of the cloud that they are for. `false` for a vault behind a name of your own.',
  ).default(true),
};
