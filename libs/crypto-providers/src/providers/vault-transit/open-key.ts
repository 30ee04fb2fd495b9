import { recordedVersion } from '../../clients/vault/recorded-version.js';
import { VaultClient } from '../../clients/vault/vault.client.js';
import { DataKeyWrapper } from '../../contract/data-key-wrapper.js';
import { publicKeyFacts } from '../../contract/fingerprint.js';
import { dataKeyLength, type KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import type { OpenOptions } from '../../contract/key-provider-definition.js';
import { KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import { encryptWithPublicKey } from '../../contract/rsa-oaep.js';
import { TransitKey, type VaultTransitSettings } from './transit-key.js';

/** The one padding that every Vault and OpenBao has for RSA keys. */
const algorithm = 'RSA-OAEP-256';

/**
 * Opens the version that the settings name, else the one that the wrappings in the database name, else the newest.
 *
 * Wrapping needs the public half only, so it happens here and without a right to encrypt; the ciphertext is bare
 * RSA-OAEP, the same as a certificate with this key makes.
 */
export async function openVaultTransit(
  settings: VaultTransitSettings,
  { timeoutSeconds, recordedKeyReferences }: OpenOptions,
): Promise<KeyEncryptionKey> {
  const key = new TransitKey(new VaultClient(settings.vault, timeoutSeconds), settings);
  const facts = await key.read();
  const version =
    settings.keyVersion ?? recordedVersion(key.referencePrefix, recordedKeyReferences) ?? facts.latest_version;
  const publicKey = key.publicKey(facts, version);
  const encrypt = encryptWithPublicKey(publicKey, { [algorithm]: 'SHA-256' });
  const description = `${facts.type} ${key.resource} version ${version} in Vault at ${key.server}`;

  /**
   * Throws what is wrong with the key or the server. Vault does not tell a damaged wrapping from a fault of its own
   * (both 500) or from a version that it no longer uses (both 400), so the key is looked at, and a wrapping just made
   * is tried.
   */
  const requireWorkingKey = async (): Promise<void> => {
    key.publicKey(await key.read(), version);
    const probe = await encrypt[algorithm](new Uint8Array(dataKeyLength));
    if ((await key.decrypt(version, probe)) === undefined)
      throw new KeyProviderUnavailable(`${description} does not decrypt what was just encrypted for it.`);
  };

  return new DataKeyWrapper(
    {
      ...publicKeyFacts(publicKey),
      description,
      keyReference: `${key.referencePrefix}${version}`,
      algorithm,
      classicAlgorithm: algorithm,
    },
    {
      encrypt,
      decrypt: async (ciphertext) => {
        const plain = await key.decrypt(version, ciphertext);
        if (plain === undefined) await requireWorkingKey();
        return plain;
      },
    },
  );
}
