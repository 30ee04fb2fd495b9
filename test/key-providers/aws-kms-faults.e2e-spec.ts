import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import {
  KeyProvider,
  KeyProviderMisconfigured,
  keyProviderSettingsSchema,
  KeyProviderUnavailable,
} from '@key-connector/crypto-providers';
import { AwsAccount, type AwsUser } from '../lab/clouds/aws/aws-account.ts';
import { type AwsFault, type AwsFront, startAwsFront } from '../lab/clouds/aws/aws-front.ts';
import { type Ministack, ministack, startMinistack } from '../lab/clouds/aws/ministack.ts';
import { openKey } from '../lab/clouds/open-key.ts';
import { describeIf } from '../lab/skip/skip.ts';

describeIf(ministack.installed, ministack.reason, 'AWS KMS that fails', () => {
  const actions = ['kms:GetPublicKey', 'kms:Encrypt', 'kms:Decrypt'] as const;
  let emulator: Ministack;
  let front: AwsFront;
  let account: AwsAccount;
  let user: AwsUser;

  beforeAll(async () => {
    emulator = await startMinistack();
    front = await startAwsFront(emulator.port);
    account = new AwsAccount(emulator.port);
    user = await account.createUser(...actions);
  });
  afterEach(() => {
    front.fault = () => undefined;
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
    timeoutSeconds: 2,
    ...others,
  });

  const refusal = async (opening: Promise<unknown>): Promise<Error> => {
    const outcome = await opening.catch((error: unknown) => error);
    if (!(outcome instanceof Error)) throw new Error('expected a refusal');
    expect(outcome.message).not.toContain(user.secretAccessKey);
    return outcome;
  };

  const passing: [string, AwsFault][] = [
    ['throttles', { status: 400, type: 'ThrottlingException', message: 'Rate exceeded' }],
    ['fails inside', { status: 500, type: 'KMSInternalException' }],
    ['is overloaded', { status: 503, type: 'ServiceUnavailableException' }],
    ['has lost its HSM', { status: 500, type: 'KeyUnavailableException' }],
    ['waits for something', { status: 503, type: 'DependencyTimeoutException' }],
    ['cuts the connection', 'cut'],
    ['never answers', 'stall'],
    ['is a proxy with a page of its own', { rewrite: () => '<html>Please log in</html>' }],
    ['answers for another key', { rewrite: (text) => text.replace(/key\/[0-9a-f-]+/, 'key/another') }],
  ];

  test.each(passing)('a service that %s is unavailable, and works again as soon as it does', async (_, fault) => {
    const arn = await account.createRsaKey();
    const provider = new KeyProvider(keyProviderSettingsSchema.parse({ rsaKey: settings(arn) }));
    const dataKey = randomBytes(32);
    const wrapped = await (await openKey(settings(arn))).wrap(dataKey);
    front.fault = () => fault;
    const unwrapped = async (): Promise<Uint8Array> => (await provider.open()).unwrap(wrapped);
    expect(await refusal(unwrapped())).toBeInstanceOf(KeyProviderUnavailable);
    front.fault = () => undefined;
    expect(Buffer.from(await unwrapped())).toEqual(dataKey);
    front.fault = (action) => (action === 'Decrypt' ? fault : undefined);
    expect(await refusal(unwrapped())).toBeInstanceOf(KeyProviderUnavailable);
  });

  test('an answer made with another algorithm is not trusted', async () => {
    const key = await openKey(settings(await account.createRsaKey()));
    const wrapped = await key.wrap(randomBytes(32));
    front.fault = () => ({ rewrite: (text) => text.replace('OAEP_SHA_256', 'OAEP_SHA_1') });
    expect(await refusal(key.unwrap(wrapped))).toBeInstanceOf(KeyProviderUnavailable);
  });

  test.each([
    ['is disabled', (arn: string) => account.disable(arn)],
    ['is about to be deleted', (arn: string) => account.scheduleDeletion(arn)],
  ])('a key that %s is named, and is no damaged wrapping', async (_, retire) => {
    for (const symmetric of [false, true]) {
      const arn = symmetric ? await account.createKey() : await account.createRsaKey();
      const key = await openKey(settings(arn, { awsUseSymmetricEncryption: symmetric }));
      const wrapped = await key.wrap(randomBytes(32));
      await retire(arn);
      const error = await refusal(key.unwrap(wrapped));
      expect(error).toBeInstanceOf(KeyProviderMisconfigured);
      expect(error.message).toContain(arn);
    }
  });

  test('a permission that is gone is named with its key', async () => {
    const arn = await account.createRsaKey();
    const key = await openKey(settings(arn));
    const wrapped = await key.wrap(randomBytes(32));
    await account.permit(user.name, 'kms:GetPublicKey');
    const decrypting = await refusal(key.unwrap(wrapped));
    await account.permit(user.name, 'kms:Decrypt');
    const opening = await refusal(openKey(settings(arn)));
    await account.permit(user.name, ...actions);
    expect(decrypting).toBeInstanceOf(KeyProviderMisconfigured);
    expect(opening).toBeInstanceOf(KeyProviderMisconfigured);
    expect(decrypting.message).toContain(`kms:Decrypt on ${arn}`);
    expect(opening.message).toContain(`kms:GetPublicKey on ${arn}`);
    expect(await key.unwrap(wrapped)).toHaveLength(32);
  });

  test('a symmetric key by its ARN opens wrappings without the permission to make new ones', async () => {
    const arn = await account.createKey();
    const symmetric = { awsUseSymmetricEncryption: true };
    const wrapped = await (await openKey(settings(arn, symmetric))).wrap(randomBytes(32));
    const reader = await account.createUser('kms:Decrypt');
    const credentials = { awsAccessKeyId: reader.accessKeyId, awsAccessKeySecret: reader.secretAccessKey };
    const key = await openKey(settings(arn, { ...symmetric, ...credentials }));
    expect(await key.unwrap(wrapped)).toHaveLength(32);
    expect((await refusal(key.wrap(randomBytes(32)))).message).toContain(`kms:Encrypt on ${arn}`);
  });

  test.each([
    ['a wrong secret', { awsAccessKeySecret: 'not-the-secret' }],
    ['an unknown access key', { awsAccessKeyId: 'AKIAAAAAAAAAAAAAAAAA' }],
    ['a wrong session token', { awsSessionToken: 'not-the-token' }],
  ])('%s is a matter of the settings that name it', async (_, others) => {
    const error = await refusal(openKey(settings(await account.createRsaKey(), others)));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain('rsaKey__awsAccessKeySecret');
    expect(error.message).not.toMatch(/not-the-(secret|token)/);
  });

  test('a session token of the settings that has expired cannot mend itself', async () => {
    const arn = await account.createRsaKey();
    front.fault = () => ({ status: 400, type: 'ExpiredTokenException' });
    const error = await refusal(openKey(settings(arn)));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain('rsaKey__awsSessionToken');
  });

  test.each([
    ['does not exist', 'alias/no-such-key', false],
    ['is for signing', { KeyUsage: 'SIGN_VERIFY', KeySpec: 'RSA_2048' }, false],
    ['is no RSA key', { KeyUsage: 'KEY_AGREEMENT', KeySpec: 'ECC_NIST_P256' }, false],
    ['is symmetric, where the settings say RSA', {}, false],
    ['is RSA, where the settings say symmetric', { KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'RSA_2048' }, true],
  ] as const)('a key that %s is refused by name', async (_, given, symmetric) => {
    const name = typeof given === 'string' ? given : await account.createKey(given);
    const error = await refusal(openKey(settings(name, { awsUseSymmetricEncryption: symmetric })));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain(name);
  });

  test('start to ready asks twice: one call to open, one for the data key', async () => {
    const arn = await account.createRsaKey();
    const wrapped = await (await openKey(settings(arn))).wrap(randomBytes(32));
    front.actions.length = 0;
    await (await openKey(settings(arn), [wrapped.keyReference])).unwrap(wrapped);
    expect(front.actions).toEqual(['GetPublicKey', 'Decrypt']);
  });
});
