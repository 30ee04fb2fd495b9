import { createPublicKey, randomBytes } from 'node:crypto';
import type { GetPublicKeyCommandOutput } from '@aws-sdk/client-kms';
import { Logger } from '@nestjs/common';
import { dataKeyLength, type KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import { isAlias, keyBehindAlias, parseKeyArn } from './aws-key.arn.js';
import { AwsKmsCalls } from './aws-kms.calls.js';
import { AwsKmsForbidden } from './aws-kms.failures.js';
import type { KeyProviderSettings } from '../../key-provider.settings.js';
import { type AwsOaep, AwsKmsRsaKey } from './aws-kms-rsa.key-encryption-key.js';
import { AwsKmsSymmetricKey } from './aws-kms-symmetric.key-encryption-key.js';

const logger = new Logger('AwsKms');

/** Opens the key: one call, of an action that the key needs anyway, tells its ARN and whether it can be used. */
export function openAwsKms(
  settings: KeyProviderSettings<'awskms'>,
  recorded: readonly string[],
): Promise<KeyEncryptionKey> {
  const calls = new AwsKmsCalls(settings);
  return settings.symmetric ? openSymmetric(calls, settings, recorded) : openRsa(calls, settings, recorded);
}

async function openRsa(
  calls: AwsKmsCalls,
  { keyId, oaepHash }: KeyProviderSettings<'awskms'>,
  recorded: readonly string[],
): Promise<KeyEncryptionKey> {
  let found = await calls.publicKey(keyId);
  const arn = chosenKey(keyId, requireArn(keyId, found.KeyId), recorded);
  if (arn !== found.KeyId) found = await calls.publicKey(arn);
  const algorithm: AwsOaep = oaepHash === 'sha1' ? 'RSAES_OAEP_SHA_1' : 'RSAES_OAEP_SHA_256';
  return new AwsKmsRsaKey(calls, usablePublicKey(arn, found, algorithm), arn, algorithm);
}

function usablePublicKey(arn: string, { PublicKey: der, ...key }: GetPublicKeyCommandOutput, algorithm: AwsOaep) {
  if (key.KeyUsage !== 'ENCRYPT_DECRYPT' || !key.KeySpec?.startsWith('RSA_') || der === undefined)
    throw new KeyProviderMisconfigured(
      `The AWS KMS key ${arn} is ${key.KeySpec ?? 'of an unknown kind'} for ${key.KeyUsage ?? 'an unknown use'}; ` +
        'it must be an RSA key for ENCRYPT_DECRYPT.',
    );
  if (!key.EncryptionAlgorithms?.includes(algorithm))
    throw new KeyProviderMisconfigured(`The AWS KMS key ${arn} does not offer ${algorithm}.`);
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
}

async function openSymmetric(
  calls: AwsKmsCalls,
  { keyId }: KeyProviderSettings<'awskms'>,
  recorded: readonly string[],
): Promise<KeyEncryptionKey> {
  const arn = chosenKey(keyId, await arnOfSymmetric(calls, keyId), recorded);
  return new AwsKmsSymmetricKey(calls, arn);
}

/**
 * kms:Encrypt tells the ARN as kms:DescribeKey would, and is permitted wherever classic software has worked. A service
 * that may only decrypt needs the ARN in its settings.
 */
async function arnOfSymmetric(calls: AwsKmsCalls, keyId: string): Promise<string> {
  try {
    return requireArn(keyId, (await calls.encrypt(keyId, randomBytes(dataKeyLength))).KeyId);
  } catch (error) {
    if (error instanceof AwsKmsForbidden && parseKeyArn(keyId)?.kind === 'key') return keyId;
    throw error;
  }
}

/** The ARN of the key that answered, which must be the one asked for, where that is no alias. */
function requireArn(asked: string, answered = ''): string {
  const isOne = parseKeyArn(answered)?.kind === 'key';
  if (isOne && (isAlias(asked) || answered === asked || answered.endsWith(`:key/${asked}`))) return answered;
  throw new KeyProviderUnavailable(
    `AWS KMS, or what answers in its place, has answered for "${answered}" instead of the key ${asked}.`,
  );
}

function chosenKey(keyId: string, namedNow: string, recorded: readonly string[]): string {
  if (!isAlias(keyId)) return namedNow;
  const arn = keyBehindAlias(namedNow, recorded);
  if (arn !== namedNow)
    logger.warn({
      msg: 'The alias names another key than the wrappings in the database; theirs is used until data keys are wrapped under the new one',
      alias: keyId,
      namedNow,
      used: arn,
    });
  return arn;
}
