import { flag, secretText, secureUri, text } from '@key-connector/common';

/** `rsaKey__aws*`: a key that stays in AWS KMS. */
export const awsKmsFields = {
  awsAccessKeyId: text('AWS KMS: the access key id; blank for the default credential chain.').optional(),
  awsAccessKeySecret: secretText('AWS KMS: the secret access key.').optional(),
  awsSessionToken: secretText('AWS KMS: the session token, where the access key is a temporary one.').optional(),
  awsRegion: text('AWS KMS: the region, such as `eu-central-1`; not needed where `awsKeyId` is an ARN.').optional(),
  awsKeyId: text('AWS KMS: the key’s id or ARN, or an alias (`alias/…`).').optional(),
  awsUseSymmetricEncryption: flag('AWS KMS: the key is symmetric.').default(false),
  awsEndpoint: secureUri(
    'AWS KMS: another endpoint than the region’s public one, such as a VPC endpoint’s.',
  ).optional(),
};
