import { flag, secret, secureUri, text } from '@key-connector/common';
import type { Values } from '../../contract/definitions.js';
import { defineKeyProvider } from '../../contract/key-provider-definition.js';
import { type Report, required } from '../../contract/required-settings.js';
import type { AwsKmsSettings } from './aws-kms.client.js';
import { parseKeyArn } from './key-arn.js';

const fields = {
  awsAccessKeyId: text('AWS KMS: the access key id; blank for the default credential chain.').optional(),
  awsAccessKeySecret: secret('AWS KMS: the secret access key.').optional(),
  awsSessionToken: secret('AWS KMS: the session token, where the access key is a temporary one.').optional(),
  awsRegion: text(
    'AWS KMS: the region, such as `eu-central-1`; not needed where `awsKeyId` is an ARN, or `AWS_REGION` says it.',
  ).optional(),
  awsKeyId: text('AWS KMS: the key’s id or ARN, or an alias (`alias/…`).').optional(),
  awsUseSymmetricEncryption: flag('AWS KMS: the key is symmetric.').default(false),
  awsEndpoint: secureUri(
    'AWS KMS: another endpoint than the region’s public one, such as a VPC endpoint’s.',
  ).optional(),
};

/** A key that stays in AWS KMS. */
export const awsKms = defineKeyProvider({
  kind: 'awskms',
  fields,
  choose: (rsaKey, report) => chooseAwsKms(rsaKey, report),
  describe: ({ keyId, region }) => `AWS KMS ${keyId} in ${region}`,
  open: async (settings, options) => (await import('./open-key.js')).openAwsKms(settings, options),
});

type AwsFields = Values<typeof fields>;

function chooseAwsKms(rsaKey: AwsFields, report: Report): AwsKmsSettings | undefined {
  const given = required('rsaKey', rsaKey, { awsKeyId: 'the key’s id, ARN or alias in AWS KMS' }, report);
  const region = chooseRegion(rsaKey, report);
  const credentials = chooseCredentials(rsaKey, report);
  if (given === undefined || region === undefined || credentials === undefined) return undefined;
  const { awsEndpoint: endpoint, awsUseSymmetricEncryption: symmetric } = rsaKey;
  return { region, keyId: given.awsKeyId, symmetric, endpoint, ...credentials };
}

function chooseRegion({ awsRegion, awsKeyId }: AwsFields, report: Report): string | undefined {
  const ofKey = awsKeyId === undefined ? undefined : parseKeyArn(awsKeyId)?.region;
  if (awsRegion !== undefined && ofKey !== undefined && awsRegion !== ofKey)
    report(['rsaKey', 'awsRegion'], 'is not the region in the ARN of rsaKey__awsKeyId; leave it out, or give that one');
  const region = awsRegion ?? ofKey;
  if (region === undefined)
    report(['rsaKey', 'awsRegion'], 'is required: the region of the key, such as eu-central-1, here or in AWS_REGION');
  return region;
}

function chooseCredentials(
  { awsAccessKeyId: id, awsAccessKeySecret: secretAccessKey, awsSessionToken: sessionToken }: AwsFields,
  report: Report,
): Pick<AwsKmsSettings, 'accessKey'> | undefined {
  if (id !== undefined && secretAccessKey !== undefined)
    return { accessKey: { accessKeyId: id, secretAccessKey, sessionToken } };
  if (id === undefined && secretAccessKey === undefined && sessionToken === undefined) return { accessKey: undefined };
  const rule = 'is required: give access key id and secret together, or neither for the default credential chain';
  if (id === undefined) report(['rsaKey', 'awsAccessKeyId'], rule);
  if (secretAccessKey === undefined) report(['rsaKey', 'awsAccessKeySecret'], rule);
  return undefined;
}
