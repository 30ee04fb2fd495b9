import type { z } from 'zod';
import { type Report, required } from '../contract/required-settings.js';
import { chooseVault, trimSlashes, type VaultConnection } from '../clients/vault/vault.settings.js';
import type { vaultSourceFields } from './vault.source.fields.js';

/** The settings of the source `vault`. */
export interface VaultSourceSettings {
  readonly vault: VaultConnection;
  readonly mount: string;
  readonly path: string;
  readonly field: string;
  /** `undefined`: the recorded one, or the newest. */
  readonly version: number | undefined;
  readonly password: string | undefined;
}

type Fields = z.output<z.ZodObject<typeof vaultSourceFields>>;

/** The settings of `vault` out of `certificate__*`; what is missing is reported. */
export function chooseVaultSource(settings: Fields, report: Report): VaultSourceSettings | undefined {
  const missing = {
    vaultSecretPath: 'the path of the secret',
    vaultSecretDataKey: 'the field of the secret that holds the base64 PKCS#12',
  };
  const given = required('certificate', settings, missing, report);
  const vault = chooseVault('certificate', settings, report);
  return (
    given &&
    vault && {
      vault,
      mount: trimSlashes(settings.vaultSecretMountPoint),
      path: trimSlashes(given.vaultSecretPath),
      field: given.vaultSecretDataKey,
      version: settings.vaultSecretVersion,
      password: settings.vaultSecretFilePassword,
    }
  );
}
