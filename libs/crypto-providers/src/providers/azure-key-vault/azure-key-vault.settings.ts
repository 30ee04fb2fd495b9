import type { RsaKeySettings } from '../../rsa-key.settings.js';
import { type Report, required } from '../../contract/required-settings.js';
import { chooseVaultAccess, type VaultAccess } from '../../clients/azure/vault-access.js';

/** A key in Azure Key Vault or Managed HSM. */
export interface AzureKeyVaultSettings {
  readonly access: VaultAccess;
  readonly keyName: string;
  /** `undefined`: the version that the wrappings name. */
  readonly keyVersion: string | undefined;
}

/** The settings of `rsaKey__provider: azurekv`; what is missing is reported, and gives `undefined`. */
export function chooseAzureKeyVault(rsaKey: RsaKeySettings, report: Report): AzureKeyVaultSettings | undefined {
  const access = chooseVaultAccess('rsaKey', rsaKey, report);
  const key = required('rsaKey', rsaKey, { azureKeyvaultKeyName: 'the name of the key in the vault' }, report);
  if (access === undefined || key === undefined) return undefined;
  return { access, keyName: key.azureKeyvaultKeyName, keyVersion: rsaKey.azureKeyvaultKeyVersion };
}
