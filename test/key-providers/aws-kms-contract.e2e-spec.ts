import { constants, createHash, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe } from '@jest/globals';
import {
  describeKeyEncryptionKey,
  describeKeyVersions,
  describeStalledProvider,
} from '@key-connector/crypto-providers/testing';
import { AwsAccount, type AwsUser } from '../lab/clouds/aws/aws-account.ts';
import { type AwsFront, startAwsFront } from '../lab/clouds/aws/aws-front.ts';
import { type Ministack, ministack, startMinistack } from '../lab/clouds/aws/ministack.ts';
import { openKey } from '../lab/clouds/open-key.ts';
import { describeIf } from '../lab/skip/skip.ts';

describeIf(ministack.installed, ministack.reason, 'AWS KMS', () => {
  let emulator: Ministack;
  let front: AwsFront;
  let account: AwsAccount;
  /** May do what docs/key-providers/aws-kms.md says that the service needs, and no more. */
  let user: AwsUser;

  beforeAll(async () => {
    emulator = await startMinistack();
    front = await startAwsFront(emulator.port);
    account = new AwsAccount(emulator.port);
    user = await account.createUser('kms:GetPublicKey', 'kms:Encrypt', 'kms:Decrypt');
  });
  afterAll(async () => {
    await front.stop();
    await emulator.stop();
  });

  const settings = (awsKeyId: string, others: object = {}): Record<string, unknown> => ({
    provider: 'awskms',
    awsRegion: account.region,
    awsKeyId,
    awsAccessKeyId: user.accessKeyId,
    awsAccessKeySecret: user.secretAccessKey,
    awsEndpoint: front.endpoint,
    ...others,
  });
  const secrets = (): string[] => [user.secretAccessKey];

  describeKeyEncryptionKey('AWS KMS, RSA', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const own = await account.importRsaKey(privateKey);
    const other = await account.createRsaKey(4096);
    const dataKey = randomBytes(32);
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    return {
      open: () => openKey(settings(own)),
      openOther: () => openKey(settings(other)),
      id: `sha256:${createHash('sha256')
        .update(publicKey.export({ format: 'der', type: 'spki' }))
        .digest('hex')}`,
      algorithms: { wraps: 'RSAES_OAEP_SHA_256', classic: 'RSAES_OAEP_SHA_256' },
      classic: { dataKey, ciphertext: publicEncrypt({ key: publicKey, ...padding }, dataKey) },
      secrets: secrets(),
    };
  });

  describeKeyEncryptionKey('AWS KMS, RSA with SHA-1', async () => {
    const own = await account.createRsaKey();
    const other = await account.createRsaKey();
    return {
      open: () => openKey(settings(own, { oaepHash: 'sha1' })),
      openOther: () => openKey(settings(other, { oaepHash: 'sha1' })),
      algorithms: { wraps: 'RSAES_OAEP_SHA_1', classic: 'RSAES_OAEP_SHA_256' },
      secrets: secrets(),
    };
  });

  describeKeyEncryptionKey('AWS KMS, symmetric', async () => {
    const own = await account.createKey();
    const other = await account.createKey();
    const symmetric = { awsUseSymmetricEncryption: true };
    return {
      open: () => openKey(settings(own, symmetric)),
      openOther: () => openKey(settings(other, symmetric)),
      algorithms: { wraps: 'SYMMETRIC_DEFAULT', classic: 'SYMMETRIC_DEFAULT' },
      id: `sha256:${createHash('sha256').update(own).digest('hex')}`,
      secrets: secrets(),
    };
  });

  describe.each([
    { kind: 'RSA', symmetric: false },
    { kind: 'symmetric', symmetric: true },
  ])('an alias of $kind keys', ({ kind, symmetric }) => {
    const create = (): Promise<string> => (symmetric ? account.createKey() : account.createRsaKey());
    describeKeyVersions(`an AWS KMS alias, ${kind}`, async () => {
      const alias = await account.pointAlias(kind, await create());
      return {
        open: (recorded) => openKey(settings(alias, { awsUseSymmetricEncryption: symmetric }), recorded),
        addVersion: async () => {
          await account.pointAlias(kind, await create());
        },
        retireVersion: (arn) => account.disable(arn),
        nameOf: (arn) => arn,
      };
    });
  });

  describeStalledProvider('AWS KMS', async () => {
    const key = await openKey(settings(await account.createRsaKey(), { timeoutSeconds: 1 }));
    const wrapped = await key.wrap(randomBytes(32));
    front.fault = () => 'stall';
    return {
      key,
      wrapped,
      recover: async () => {
        front.fault = () => undefined;
        return Promise.resolve();
      },
    };
  });
});
