import { createPublicKey, type KeyObject } from 'node:crypto';
import { DataKeyWrapper } from '../../contract/data-key-wrapper.js';
import { publicKeyFacts } from '../../contract/fingerprint.js';
import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import type { OpenOptions } from '../../contract/key-provider-definition.js';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import { encryptWithPublicKey, type GoogleOaep, oaepAlgorithms } from '../../contract/rsa-oaep.js';
import { GoogleCloudKmsClient, type GoogleCloudKmsSettings } from './google-cloud-kms.client.js';
import { ofSameKey } from './key-version.js';

const algorithms = oaepAlgorithms.googleCloudKms;

/** Opens the key version: one call, for its public half and its algorithm. */
export async function openGoogleCloudKms(
  settings: GoogleCloudKmsSettings,
  { timeoutSeconds }: OpenOptions,
): Promise<KeyEncryptionKey> {
  const { keyVersion } = settings;
  const client = new GoogleCloudKmsClient(settings, timeoutSeconds);
  try {
    await client.connect(keyVersion);
    const { pem, algorithm } = await client.publicKey(keyVersion);
    if (!isGoogleOaep(algorithm))
      throw new KeyProviderMisconfigured(
        `The key version ${keyVersion} in Google Cloud KMS has the algorithm ${algorithm}; ` +
          `it must have one of ${Object.keys(algorithms).join(', ')}.`,
      );
    return keyOf(client, keyVersion, createPublicKey(pem), algorithm);
  } catch (error) {
    await client.close();
    throw error;
  }
}

const isGoogleOaep = (name: string): name is GoogleOaep => Object.hasOwn(algorithms, name);

/** A key version wraps here, with its public half and its one algorithm, and unwraps there. */
function keyOf(
  client: GoogleCloudKmsClient,
  own: string,
  publicKey: KeyObject,
  algorithm: GoogleOaep,
): KeyEncryptionKey {
  return new DataKeyWrapper<GoogleOaep>(
    {
      ...publicKeyFacts(publicKey),
      description: `${algorithm} in Google Cloud KMS, ${own}`,
      keyReference: own,
      algorithm,
      classicAlgorithm: algorithm,
    },
    {
      encrypt: encryptWithPublicKey(publicKey, { [algorithm]: algorithms[algorithm] }),
      opens: algorithms,
      // With the version that the wrapping names, where it is one of this key's; a classic wrapping names none.
      decrypt: (ciphertext, _, named) => client.decrypt(ofSameKey(named, own) ? named : own, ciphertext),
      close: () => client.close(),
    },
  );
}
