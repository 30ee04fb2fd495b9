import type { z } from 'zod';
import { chooseVaultAccess, type VaultAccess } from '../clients/azure/vault-access.js';
import { type Report, required } from '../contract/required-settings.js';
import type { azureKeyVaultSourceFields } from './azure-key-vault.source.fields.js';

/** The settings of the source `azurekv`. */
export interface AzureKeyVaultSourceSettings {
  readonly access: VaultAccess;
  readonly name: string;
  /** `undefined`: the recorded one, or the current one. */
  readonly version: string | undefined;
}

type Fields = z.output<z.ZodObject<typeof azureKeyVaultSourceFields>>;

/** The settings of `azurekv` out of `certificate__*`; what is missing is reported, and gives `undefined`. */
export function chooseAzureKeyVaultSource(settings: Fields, report: Report): AzureKeyVaultSourceSettings | undefined {
  const access = chooseVaultAccess('certificate', settings, report);
  const missing = { azureKeyvaultCertificateName: 'the name of the certificate in the vault' };
  const given = required('certificate', settings, missing, report);
  if (access === undefined || given === undefined) return undefined;
  return { access, name: given.azureKeyvaultCertificateName, version: settings.azureKeyvaultCertificateVersion };
}
