import { Logger } from '@nestjs/common';
import { DataKeyWrapper } from '../../contract/data-key-wrapper.js';
import { publicKeyFacts } from '../../contract/fingerprint.js';
import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import type { OpenOptions } from '../../contract/key-provider-definition.js';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import { encryptWithPublicKey, type JoseOaep, oaepAlgorithms, oaepBySetting } from '../../contract/rsa-oaep.js';
import type { AzureKey } from './azure-key.js';
import { type AzureKeyVaultSettings, AzureKeysClient } from './azure-keys.client.js';
import { chooseVersion } from './key-version.js';

const logger = new Logger('AzureKeyVault');

/** Opens one version of a key: it wraps here, with the public half, and unwraps in the vault. */
export async function openAzureKeyVault(
  settings: AzureKeyVaultSettings,
  { timeoutSeconds, oaepHash = 'sha256', recordedKeyReferences, classicWrapping }: OpenOptions,
): Promise<KeyEncryptionKey> {
  const client = new AzureKeysClient(settings, timeoutSeconds);
  const key = await chooseVersion(client, settings, recordedKeyReferences, classicWrapping);
  requireUsable(key);
  warnOutsideOfDates(key);
  return new DataKeyWrapper<JoseOaep>(
    {
      ...publicKeyFacts(key.publicKey),
      description: `RSA ${key.bits} in the vault, ${key.id}`,
      keyReference: key.id,
      algorithm: oaepBySetting[oaepHash].jose,
      classicAlgorithm: 'RSA-OAEP',
    },
    {
      encrypt: encryptWithPublicKey(key.publicKey, oaepAlgorithms.jose),
      // RFC 8017, section 7.1.2: a ciphertext is as long as the modulus. The vault need not be asked about others.
      decrypt: async (ciphertext, algorithm) =>
        ciphertext.length === key.bits / 8 ? client.unwrap(key, algorithm, ciphertext) : undefined,
      requireMayWrap: () => {
        requireWithinDates(key);
      },
    },
  );
}

function requireUsable({ id, enabled, operations }: AzureKey): void {
  if (!enabled) throw new KeyProviderMisconfigured(`The key ${id} is disabled; enable that version again.`);
  if (!operations.includes('unwrapKey') && !operations.includes('decrypt'))
    throw new KeyProviderMisconfigured(`The key ${id} does not permit the operation unwrapKey; add it to the key.`);
}

/** The vault goes on unwrapping: an expired key must not lock every member out. */
function warnOutsideOfDates({ id, notBefore, expiresOn }: AzureKey): void {
  const now = new Date();
  if (expiresOn !== undefined && expiresOn <= now)
    logger.warn({ msg: 'The key has expired; it goes on opening data keys', key: id, expiresOn });
  if (notBefore !== undefined && notBefore > now)
    logger.warn({ msg: 'The key is not valid yet; it opens data keys, but wraps no new one', key: id, notBefore });
}

/** The vault wraps nothing new with a key outside of its dates; wrapping here keeps to that. */
function requireWithinDates({ id, notBefore, expiresOn }: AzureKey): void {
  const now = new Date();
  if (expiresOn !== undefined && expiresOn <= now)
    throw new KeyProviderMisconfigured(
      `The key ${id} has expired (${expiresOn.toISOString()}): it opens data keys, but no new one is wrapped with it.`,
    );
  if (notBefore !== undefined && notBefore > now)
    throw new KeyProviderMisconfigured(
      `The key ${id} is not valid before ${notBefore.toISOString()}: no new data key is wrapped with it.`,
    );
}
