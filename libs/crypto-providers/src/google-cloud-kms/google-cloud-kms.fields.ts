import { text } from '@key-connector/common';

/** `rsaKey__googleCloud*`: a key that stays in Google Cloud KMS. */
export const googleCloudKmsFields = {
  googleCloudProjectId: text('Google Cloud KMS: the project.').optional(),
  googleCloudLocationId: text('Google Cloud KMS: the location, such as `europe-west1`.').optional(),
  googleCloudKeyringId: text('Google Cloud KMS: the key ring.').optional(),
  googleCloudKeyId: text('Google Cloud KMS: the key.').optional(),
  googleCloudKeyVersionId: text('Google Cloud KMS: the key version.').optional(),
};
