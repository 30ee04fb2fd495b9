import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import type { GetPublicKeyCommandOutput } from '@aws-sdk/client-kms';
import { Logger } from '@nestjs/common';
import { DataKeyWrapper } from '../../contract/data-key-wrapper.js';
import { publicKeyFacts, resourceFacts } from '../../contract/fingerprint.js';
import { dataKeyLength, type KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import type { OpenOptions } from '../../contract/key-provider-definition.js';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import { type AwsOaep, encryptWithPublicKey, oaepAlgorithms, oaepBySetting } from '../../contract/rsa-oaep.js';
import { AwsKmsClient, type AwsKmsSettings, requireKey } from './aws-kms.client.js';
import { AwsKmsForbidden } from './aws-kms.errors.js';
import { isAlias, keyBehindAlias, parseKeyArn } from './key-arn.js';

const logger = new Logger('AwsKms');

/** Opens the key: one call, of an action that the key needs anyway, tells its ARN and whether it can be used. */
export function openAwsKms(settings: AwsKmsSettings, options: OpenOptions): Promise<KeyEncryptionKey> {
  const client = new AwsKmsClient(settings, options.timeoutSeconds);
  return settings.symmetric ? openSymmetric(client, settings, options) : openRsa(client, settings, options);
}

/** An RSA key wraps here, with the public half, and unwraps there. */
async function openRsa(
  client: AwsKmsClient,
  { keyId }: AwsKmsSettings,
  { oaepHash = 'sha256', recordedKeyReferences }: OpenOptions,
): Promise<KeyEncryptionKey> {
  let found = await client.publicKey(keyId);
  const arn = chosenKey(keyId, requireArn(keyId, found.KeyId), recordedKeyReferences);
  if (arn !== found.KeyId) found = await client.publicKey(arn);
  const algorithm = oaepBySetting[oaepHash].awsKms;
  const publicKey = usablePublicKey(arn, found, algorithm);
  return new DataKeyWrapper<AwsOaep>(
    {
      ...publicKeyFacts(publicKey),
      description: `RSA ${publicKey.asymmetricKeyDetails?.modulusLength ?? ''} in AWS KMS, ${arn}`,
      keyReference: arn,
      algorithm,
      classicAlgorithm: 'RSAES_OAEP_SHA_256',
    },
    {
      encrypt: encryptWithPublicKey(publicKey, oaepAlgorithms.awsKms),
      // By this key's own ARN, whatever the wrapping names: a multi-region key's replica opens what its sibling
      // wrapped.
      decrypt: (ciphertext, name) => client.decrypt(arn, name, ciphertext),
    },
  );
}

function usablePublicKey(
  arn: string,
  { PublicKey: der, ...key }: GetPublicKeyCommandOutput,
  algorithm: AwsOaep,
): KeyObject {
  if (key.KeyUsage !== 'ENCRYPT_DECRYPT' || !key.KeySpec?.startsWith('RSA_') || der === undefined)
    throw new KeyProviderMisconfigured(
      `The AWS KMS key ${arn} is ${key.KeySpec ?? 'of an unknown kind'} for ${key.KeyUsage ?? 'an unknown use'}; ` +
        'it must be an RSA key for ENCRYPT_DECRYPT.',
    );
  if (!key.EncryptionAlgorithms?.includes(algorithm))
    throw new KeyProviderMisconfigured(`The AWS KMS key ${arn} does not offer ${algorithm}.`);
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
}

/** AES-256-GCM in AWS' own envelope; without an encryption context, as classic deployments have it. */
const symmetricDefault = 'SYMMETRIC_DEFAULT';

/** Longest ciphertext that kms:Decrypt takes. */
const longest = 6144;

/** A symmetric key wraps and unwraps there. Its own rotation keeps old wrappings readable. */
async function openSymmetric(
  client: AwsKmsClient,
  { keyId }: AwsKmsSettings,
  { recordedKeyReferences }: OpenOptions,
): Promise<KeyEncryptionKey> {
  const arn = chosenKey(keyId, await arnOfSymmetric(client, keyId), recordedKeyReferences);
  return new DataKeyWrapper(
    {
      ...resourceFacts(arn),
      description: `symmetric key in AWS KMS, ${arn}`,
      keyReference: arn,
      algorithm: symmetricDefault,
      classicAlgorithm: symmetricDefault,
    },
    {
      encrypt: { [symmetricDefault]: (dataKey: Uint8Array) => encryptWithSymmetric(client, arn, dataKey) },
      decrypt: async (ciphertext) =>
        ciphertext.length > longest ? undefined : client.decrypt(arn, symmetricDefault, ciphertext),
    },
  );
}

async function encryptWithSymmetric(client: AwsKmsClient, arn: string, dataKey: Uint8Array): Promise<Uint8Array> {
  const { KeyId, CiphertextBlob } = await client.encrypt(arn, dataKey);
  requireKey(KeyId, arn);
  if (CiphertextBlob === undefined) throw new KeyProviderUnavailable('AWS KMS has answered kms:Encrypt with nothing.');
  return CiphertextBlob;
}

/**
 * kms:Encrypt tells the ARN as kms:DescribeKey would, and is permitted wherever classic software has worked. A service
 * that may only decrypt needs the ARN in its settings.
 */
async function arnOfSymmetric(client: AwsKmsClient, keyId: string): Promise<string> {
  try {
    return requireArn(keyId, (await client.encrypt(keyId, randomBytes(dataKeyLength))).KeyId);
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
