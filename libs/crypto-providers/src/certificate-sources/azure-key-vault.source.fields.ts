import { text } from '@key-connector/common';
import { vaultAccessFields } from '../clients/azure/vault-access.fields.js';

/** `certificate__azureKeyvault*`: an exportable certificate in Azure Key Vault. */
export const azureKeyVaultSourceFields = {
  ...vaultAccessFields,
  azureKeyvaultCertificateName: text('Azure Key Vault: the name of the exportable certificate.').optional(),
  azureKeyvaultCertificateVersion: text(
    'Azure Key Vault: the version of the certificate. Not given: the one that the data keys are wrapped with; at the first start, the current one.',
  ).optional(),
};
