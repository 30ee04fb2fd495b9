import { AwsAccount } from '../lab/clouds/aws/aws-account.ts';
import { ministack, startMinistack } from '../lab/clouds/aws/ministack.ts';
import { type ServedProvider, describeServingWith } from '../lab/service/serving-with.suite.ts';

async function awsKms(symmetric: boolean): Promise<ServedProvider> {
  const emulator = await startMinistack();
  const account = new AwsAccount(emulator.port);
  const user = await account.createUser('kms:GetPublicKey', 'kms:Encrypt', 'kms:Decrypt');
  const key = symmetric ? await account.createKey() : await account.createRsaKey();
  return {
    settings: {
      rsaKey__provider: 'awskms',
      rsaKey__awsRegion: account.region,
      rsaKey__awsKeyId: await account.pointAlias('key-connector', key),
      rsaKey__awsUseSymmetricEncryption: String(symmetric),
      rsaKey__awsAccessKeyId: user.accessKeyId,
      rsaKey__awsAccessKeySecret: user.secretAccessKey,
      rsaKey__awsEndpoint: `http://127.0.0.1:${emulator.port}`,
      // A stored member's key is not to depend on a certificate that happens to lie there.
      certificate__filesystemPath: '/nonexistent',
    },
    halt: () => emulator.halt(),
    resume: () => emulator.resume(),
    stop: () => emulator.stop(),
  };
}

describeServingWith('an RSA key in AWS KMS', ministack, () => awsKms(false));
describeServingWith('a symmetric key in AWS KMS', ministack, () => awsKms(true));
