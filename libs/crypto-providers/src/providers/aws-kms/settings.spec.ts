import { describe, expect, it } from '@jest/globals';
import { keyProviderSettingsSchema } from '../../key-provider.settings.js';
import { revealed } from '../../testing/revealed.js';

const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const own = { provider: 'awskms', awsRegion: 'eu-central-1', awsKeyId: 'alias/key-connector' };

const problems = (rsaKey: object): string[] =>
  (keyProviderSettingsSchema.safeParse({ rsaKey }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );

describe('the settings of AWS KMS', () => {
  it('leave credentials to the default chain where none are given', () => {
    expect(keyProviderSettingsSchema.parse({ rsaKey: own })).toEqual({
      kind: 'awskms',
      timeoutSeconds: 15,
      oaepHash: undefined,
      region: 'eu-central-1',
      keyId: 'alias/key-connector',
      symmetric: false,
    });
  });

  it('take an access key, a temporary one too', () => {
    const rsaKey = { ...own, awsAccessKeyId: 'id', awsAccessKeySecret: 'secret', awsSessionToken: 'token' };
    expect(revealed(keyProviderSettingsSchema.parse({ rsaKey }))).toMatchObject({
      accessKey: { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' },
    });
  });

  it('know the region by the ARN', () => {
    expect(keyProviderSettingsSchema.parse({ rsaKey: { provider: 'awskms', awsKeyId: arn } })).toMatchObject({
      region: 'eu-central-1',
    });
  });

  it.each([
    [{ ...own, awsKeyId: undefined }, /^rsaKey\.awsKeyId: is required/],
    [{ ...own, awsRegion: undefined }, /^rsaKey\.awsRegion: is required/],
    [{ ...own, awsRegion: 'us-east-1', awsKeyId: arn }, /^rsaKey\.awsRegion: is not the region in the ARN/],
    [{ ...own, awsAccessKeyId: 'id' }, /^rsaKey\.awsAccessKeySecret: is required/],
    [{ ...own, awsAccessKeySecret: 's3cret' }, /^rsaKey\.awsAccessKeyId: is required/],
    [{ ...own, awsEndpoint: 'http://kms.example.com' }, /^rsaKey\.awsEndpoint: must be https/],
  ])('name what is missing or wrong (%#)', (rsaKey, expected) => {
    expect(problems(rsaKey)).toEqual([expect.stringMatching(expected)]);
    expect(problems(rsaKey).join()).not.toContain('s3cret');
  });

  it('refuse a session token without its access key', () => {
    expect(problems({ ...own, awsSessionToken: 't0ken' })).toHaveLength(2);
  });
});
