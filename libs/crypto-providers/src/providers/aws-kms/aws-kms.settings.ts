import type { RsaKeySettings } from '../../rsa-key.settings.js';
import { type Report, required } from '../../contract/required-settings.js';
import { parseKeyArn } from './aws-key.arn.js';

/** An access key as the settings give it. */
export interface AwsAccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Which key in AWS KMS, and how it is reached. */
export interface AwsKmsSettings {
  readonly region: string;
  /** Key id, key ARN, alias or alias ARN. */
  readonly keyId: string;
  readonly symmetric: boolean;
  /** Without one, the SDK's default chain looks for credentials. */
  readonly accessKey?: AwsAccessKey;
  readonly endpoint?: string;
}

/** The settings of AWS KMS out of `rsaKey__*`; what is wrong is reported, and the answer is `undefined`. */
export function chooseAwsKms(rsaKey: RsaKeySettings, report: Report): AwsKmsSettings | undefined {
  const given = required('rsaKey', rsaKey, { awsKeyId: 'the key’s id, ARN or alias in AWS KMS' }, report);
  const region = chooseRegion(rsaKey, report);
  const credentials = chooseAccessKey(rsaKey, report);
  if (given === undefined || region === undefined || credentials === undefined) return undefined;
  const { awsEndpoint: endpoint, awsUseSymmetricEncryption: symmetric } = rsaKey;
  return {
    region,
    keyId: given.awsKeyId,
    symmetric,
    ...credentials,
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

function chooseRegion({ awsRegion, awsKeyId }: RsaKeySettings, report: Report): string | undefined {
  const ofKey = awsKeyId === undefined ? undefined : parseKeyArn(awsKeyId)?.region;
  if (awsRegion !== undefined && ofKey !== undefined && awsRegion !== ofKey)
    report(['rsaKey', 'awsRegion'], 'is not the region in the ARN of rsaKey__awsKeyId; leave it out, or give that one');
  const region = awsRegion ?? ofKey;
  if (region === undefined) report(['rsaKey', 'awsRegion'], 'is required: the region of the key, such as eu-central-1');
  return region;
}

/** `{}` stands for the default chain. */
function chooseAccessKey(
  { awsAccessKeyId: id, awsAccessKeySecret: secret, awsSessionToken: token }: RsaKeySettings,
  report: Report,
): { accessKey?: AwsAccessKey } | undefined {
  if (id !== undefined && secret !== undefined)
    return {
      accessKey: { accessKeyId: id, secretAccessKey: secret, ...(token === undefined ? {} : { sessionToken: token }) },
    };
  if (id === undefined && secret === undefined && token === undefined) return {};
  const rule = 'is required: give access key id and secret together, or neither for the default credential chain';
  if (id === undefined) report(['rsaKey', 'awsAccessKeyId'], rule);
  if (secret === undefined) report(['rsaKey', 'awsAccessKeySecret'], rule);
  return undefined;
}
