import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '@key-connector/crypto-providers';
import { AwsAccount, type AwsUser } from '../lab/clouds/aws/aws-account.ts';
import { type AwsFront, startAwsFront } from '../lab/clouds/aws/aws-front.ts';
import { startContainerCredentials, startInstanceMetadata } from '../lab/clouds/aws/credential-sources.ts';
import { type Ministack, ministack, startMinistack } from '../lab/clouds/aws/ministack.ts';
import { webIdentityToken } from '../lab/clouds/aws/aws-account.ts';
import { setEnvironment } from '../lab/processes/environment.ts';
import { openKey } from '../lab/clouds/open-key.ts';
import { describeIf } from '../lab/skip/skip.ts';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.ts';

const issuer = 'oidc.example.com';

describeIf(ministack.installed, ministack.reason, 'AWS KMS without credentials in the settings', () => {
  const actions = ['kms:GetPublicKey', 'kms:Decrypt'] as const;
  let emulator: Ministack;
  let front: AwsFront;
  let account: AwsAccount;
  let user: AwsUser;
  let arn: string;
  let folder: TempFolder;
  const undo: (() => void | Promise<void>)[] = [];

  beforeAll(async () => {
    emulator = await startMinistack();
    front = await startAwsFront(emulator.port);
    account = new AwsAccount(emulator.port);
    user = await account.createUser(...actions);
    arn = await account.createRsaKey();
    folder = await tempFolder('aws');
  });
  afterEach(async () => {
    front.fault = () => undefined;
    for (const step of undo.splice(0)) await step();
  });
  afterAll(async () => {
    await folder.remove();
    await front.stop();
    await emulator.stop();
  });

  /** Nothing of the machine that runs the tests counts. */
  const environment = (variables: Readonly<Record<string, string>>): void => {
    const nothing = join(folder.path, 'no-such-file');
    undo.push(
      setEnvironment({
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_CONFIG_FILE: nothing,
        AWS_SHARED_CREDENTIALS_FILE: nothing,
        ...variables,
      }),
    );
  };
  const open = async (): Promise<Uint8Array> => {
    const key = await openKey({ provider: 'awskms', awsKeyId: arn, awsEndpoint: front.endpoint, timeoutSeconds: 5 });
    return key.unwrap(await key.wrap(randomBytes(32)));
  };

  test('none to be found is a matter of waiting, and says what to do', async () => {
    environment({});
    const error = await open().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(KeyProviderUnavailable);
    expect(String(error)).toContain('rsaKey__awsAccessKeyId');
  });

  test('the environment gives them', async () => {
    environment({ AWS_ACCESS_KEY_ID: user.accessKeyId, AWS_SECRET_ACCESS_KEY: user.secretAccessKey });
    expect(await open()).toHaveLength(32);
  });

  test('a profile gives them, and its file is read anew for a new client', async () => {
    const path = join(folder.path, 'credentials');
    const profile = (accessKeyId: string, secretAccessKey: string): Promise<void> => {
      const lines = [`aws_access_key_id = ${accessKeyId}`, `aws_secret_access_key = ${secretAccessKey}`];
      return writeFile(path, ['[key-connector]', ...lines, ''].join('\n'));
    };
    environment({ AWS_PROFILE: 'key-connector', AWS_SHARED_CREDENTIALS_FILE: path });
    await profile('AKIAIOSFODNN7EXAMPLE', 'withdrawn');
    await expect(open()).rejects.toBeInstanceOf(KeyProviderMisconfigured);
    await profile(user.accessKeyId, user.secretAccessKey);
    expect(await open()).toHaveLength(32);
  });

  test('a container role gives them, by a token that is read again when it rotates', async () => {
    let authorization = 'first';
    const container = await startContainerCredentials(await account.createSession(...actions), () => authorization);
    undo.push(() => container.stop());
    const file = join(folder.path, 'container-token');
    await writeFile(file, authorization);
    environment({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    });
    expect(await open()).toHaveLength(32);
    authorization = 'second';
    await writeFile(file, authorization);
    expect(await open()).toHaveLength(32);
  });

  test('an instance role gives them', async () => {
    const metadata = await startInstanceMetadata(await account.createSession(...actions));
    undo.push(() => metadata.stop());
    environment({ AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url });
    expect(await open()).toHaveLength(32);
  });

  test('a web identity gives them, and its token is read again when credentials are due', async () => {
    const role = await account.createWebIdentityRole(issuer, 'key-connector', ...actions);
    const file = join(folder.path, 'web-identity-token');
    await writeFile(file, webIdentityToken(issuer, 'key-connector'));
    environment({
      AWS_ROLE_ARN: role,
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
      AWS_ENDPOINT_URL_STS: front.endpoint,
    });
    // Credentials that have expired when they come, so that each call asks for new ones.
    const due = `<Expiration>${new Date(Date.now() - 60_000).toISOString()}</Expiration>`;
    const renewing = 'AssumeRoleWithWebIdentity';
    front.fault = (action) =>
      action === renewing ? { rewrite: (text) => text.replace(/<Expiration>.*?<\/Expiration>/, due) } : undefined;
    const key = await openKey({ provider: 'awskms', awsKeyId: arn, awsEndpoint: front.endpoint, timeoutSeconds: 5 });
    const wrapped = await key.wrap(randomBytes(32));
    expect(await key.unwrap(wrapped)).toHaveLength(32);
    expect(front.actions.filter((action) => action === renewing).length).toBeGreaterThan(1);

    await writeFile(file, webIdentityToken(issuer, 'somebody-else'));
    const error = await key.unwrap(wrapped).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(String(error)).toContain('sts:AssumeRoleWithWebIdentity');
    await writeFile(file, webIdentityToken(issuer, 'key-connector'));
    expect(await key.unwrap(wrapped)).toHaveLength(32);
  });
});
