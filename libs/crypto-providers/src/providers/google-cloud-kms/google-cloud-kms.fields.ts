import { secureUri, text } from '@key-connector/common';

/** `rsaKey__googleCloud*`: a key that stays in Google Cloud KMS. */
export const googleCloudKmsFields = {
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
};
