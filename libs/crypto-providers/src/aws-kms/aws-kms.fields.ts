import { flag, secret, text } from '@key-connector/common';

/** `rsaKey__aws*`: a key that stays in AWS KMS. */
export const awsKmsFields = {
  awsAccessKeyId: text('AWS KMS: the access key id; blank for the default credential chain.').optional(),
  awsAccessKeySecret: secret('AWS KMS: the secret access key.').optional(),
  awsRegion: text('AWS KMS: the region, such as `eu-central-1`.').optional(),
  awsKeyId: text('AWS KMS: the key’s id or ARN.').optional(),
  awsUseSymmetricEncryption: flag('AWS KMS: the key is symmetric.').default(false),
};
