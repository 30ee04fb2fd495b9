import { integer, text } from '@key-connector/common';
import { chooseVault, trimSlashes, vaultFields } from '../../clients/vault/vault.settings.js';
import { defineKeyProvider } from '../../contract/key-provider-definition.js';
import { required } from '../../contract/required-settings.js';
import type { VaultTransitSettings } from './transit-key.js';

/** A key that stays in the transit engine of Vault or OpenBao. */
export const vaultTransit = defineKeyProvider({
  kind: 'vaulttransit',
  fields: {
    ...vaultFields,
    vaultTransitMountPoint: text('Vault or OpenBao: the mount point of the transit engine.').default('transit'),
    vaultTransitKeyName: text('Vault or OpenBao: the name of the RSA key.').optional(),
    vaultTransitKeyVersion: integer(
      'Vault or OpenBao: the version of the key. Not given: the one that the data keys are wrapped with, or the newest for the first.',
      { min: 1, max: Number.MAX_SAFE_INTEGER },
    ).optional(),
  },

  choose: (rsaKey, report): VaultTransitSettings | undefined => {
    const given = required('rsaKey', rsaKey, { vaultTransitKeyName: 'the name of the RSA key' }, report);
    const vault = chooseVault('rsaKey', rsaKey, report);
    if (rsaKey.oaepHash === 'sha1') {
      report(['rsaKey', 'oaepHash'], 'must be sha256, or not given: the transit engine knows no other');
      return undefined;
    }
    if (given === undefined || vault === undefined) return undefined;
    const mount = trimSlashes(rsaKey.vaultTransitMountPoint);
    return { vault, mount, keyName: given.vaultTransitKeyName, keyVersion: rsaKey.vaultTransitKeyVersion };
  },

  describe: ({ vault, mount, keyName }) => `Vault transit key ${mount}/keys/${keyName} at ${vault.server}`,
  open: async (settings, options) => (await import('./open-key.js')).openVaultTransit(settings, options),
});
