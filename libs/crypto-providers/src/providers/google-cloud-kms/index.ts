import { secureUri, text } from '@key-connector/common';
import { defineKeyProvider } from '../../contract/key-provider-definition.js';
import { required } from '../../contract/required-settings.js';
import type { GoogleCloudKmsSettings } from './google-cloud-kms.client.js';
import { keyVersionName } from './key-version.js';

/** A key that stays in Google Cloud KMS. */
export const googleCloudKms = defineKeyProvider({
  kind: 'gcpkms',
  fields: {
    googleCloudProjectId: text('Google Cloud KMS: the project.').optional(),
    googleCloudLocationId: text('Google Cloud KMS: the location, such as `europe-west1`.').optional(),
    googleCloudKeyringId: text('Google Cloud KMS: the key ring.').optional(),
    googleCloudKeyId: text('Google Cloud KMS: the key.').optional(),
    googleCloudKeyVersionId: text('Google Cloud KMS: the key version, such as `1`.').optional(),
    googleCloudEndpoint: secureUri(
      'Google Cloud KMS: another endpoint than `https://cloudkms.googleapis.com`, such as a regional or a private one.',
    )
      .refine((value) => value.startsWith('https:'), { error: 'must be https' })
      .optional(),
  },

  choose: (rsaKey, report): GoogleCloudKmsSettings | undefined => {
    const missing = {
      googleCloudProjectId: 'the project of the key',
      googleCloudLocationId: 'the location of the key ring',
      googleCloudKeyringId: 'the key ring',
      googleCloudKeyId: 'the name of the key',
      googleCloudKeyVersionId: 'the number of the key version that wraps',
    };
    const given = required('rsaKey', rsaKey, missing, report);
    if (given === undefined) return undefined;
    const keyVersion = keyVersionName({
      project: given.googleCloudProjectId,
      location: given.googleCloudLocationId,
      keyRing: given.googleCloudKeyringId,
      key: given.googleCloudKeyId,
      version: given.googleCloudKeyVersionId,
    });
    return { keyVersion, endpoint: rsaKey.googleCloudEndpoint };
  },

  describe: ({ keyVersion }) => `Google Cloud KMS ${keyVersion}`,
  open: async (settings, options) => (await import('./open-key.js')).openGoogleCloudKms(settings, options),
});
