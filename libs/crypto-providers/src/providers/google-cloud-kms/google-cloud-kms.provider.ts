import { createPublicKey } from 'node:crypto';
import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import type { KeyProviderSettings } from '../../key-provider.settings.js';
import { decryptionAlgorithms, isDecryptionAlgorithm } from './decryption.algorithms.js';
import { GoogleCloudKmsCalls } from './google-cloud-kms.calls.js';
import { GoogleCloudKmsKey } from './google-cloud-kms.key-encryption-key.js';

/** Opens the key version: one call, for its public half and its algorithm. */
export async function openGoogleCloudKms(settings: KeyProviderSettings<'gcpkms'>): Promise<KeyEncryptionKey> {
  const { keyVersion } = settings;
  const calls = new GoogleCloudKmsCalls(settings);
  try {
    await calls.connect(keyVersion);
    const { pem, algorithm } = await calls.publicKey(keyVersion);
    if (!isDecryptionAlgorithm(algorithm))
      throw new KeyProviderMisconfigured(
        `The key version ${keyVersion} in Google Cloud KMS has the algorithm ${algorithm}; ` +
          `it must have one of ${Object.keys(decryptionAlgorithms).join(', ')}.`,
      );
    return new GoogleCloudKmsKey(calls, createPublicKey(pem), keyVersion, algorithm);
  } catch (error) {
    await calls.close();
    throw error;
  }
}
