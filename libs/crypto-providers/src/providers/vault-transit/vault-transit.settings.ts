import { type Report, required } from '../../contract/required-settings.js';
import { chooseVault, trimSlashes, type VaultConnection } from '../../clients/vault/vault.settings.js';
import type { RsaKeySettings } from '../../rsa-key.settings.js';

/** The settings of the provider `vaulttransit`. */
export interface VaultTransitSettings {
  readonly vault: VaultConnection;
  readonly mount: string;
  readonly keyName: string;
  /** `undefined`: the recorded one, or the newest. */
  readonly keyVersion: number | undefined;
}

/** The settings of `vaulttransit` out of `rsaKey__*`; what is missing is reported. */
export function chooseVaultTransit(rsaKey: RsaKeySettings, report: Report): VaultTransitSettings | undefined {
  const given = required('rsaKey', rsaKey, { vaultTransitKeyName: 'the name of the RSA key' }, report);
  const vault = chooseVault('rsaKey', rsaKey, report);
  if (rsaKey.oaepHash === 'sha1') {
    report(['rsaKey', 'oaepHash'], 'must be sha256, or not given: the transit engine knows no other');
    return undefined;
  }
  if (given === undefined || vault === undefined) return undefined;
  const mount = trimSlashes(rsaKey.vaultTransitMountPoint);
  return { vault, mount, keyName: given.vaultTransitKeyName, keyVersion: rsaKey.vaultTransitKeyVersion };
}
