import { constants, createHash, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeKeyEncryptionKey, describeStalledProvider } from '@key-connector/crypto-providers/testing';
import { setEnvironment } from '../lab/processes/environment.ts';
import { type GoogleProject, startGoogleProject } from '../lab/clouds/google/project.ts';
import { openKey } from '../lab/clouds/open-key.ts';
import { trust } from '../lab/processes/environment.ts';

describe('Google Cloud KMS', () => {
  let project: GoogleProject;
  let undo: (() => void)[];

  beforeAll(async () => {
    project = await startGoogleProject();
    undo = [trust(project.tls.caPem), setEnvironment(project.env)];
  });
  afterAll(async () => {
    for (const step of undo) step();
    await project.stop();
  });

  const secrets = (): string[] => [project.account.private_key];

  describeKeyEncryptionKey('Google Cloud KMS', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    project.kms.addVersion('own', 1, 'RSA_DECRYPT_OAEP_2048_SHA256', privateKey);
    project.kms.addVersion('other', 1, 'RSA_DECRYPT_OAEP_3072_SHA256');
    const dataKey = randomBytes(32);
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    return Promise.resolve({
      open: () => openKey(project.settings('own')),
      openOther: () => openKey(project.settings('other')),
      id: `sha256:${createHash('sha256')
        .update(publicKey.export({ format: 'der', type: 'spki' }))
        .digest('hex')}`,
      classic: { dataKey, ciphertext: publicEncrypt({ key: publicKey, ...padding }, dataKey) },
      secrets: secrets(),
    });
  });

  describeKeyEncryptionKey('Google Cloud KMS, SHA-1', () => {
    project.kms.addVersion('sha1', 1, 'RSA_DECRYPT_OAEP_2048_SHA1');
    project.kms.addVersion('other-sha1', 1, 'RSA_DECRYPT_OAEP_2048_SHA1');
    return Promise.resolve({
      open: () => openKey(project.settings('sha1')),
      openOther: () => openKey(project.settings('other-sha1')),
      secrets: secrets(),
    });
  });

  test('SHA-512 is what the key version says', async () => {
    project.kms.addVersion('sha512', 1, 'RSA_DECRYPT_OAEP_4096_SHA512');
    const key = await openKey(project.settings('sha512'));
    const dataKey = randomBytes(32);
    const wrapped = await key.wrap(dataKey);
    expect(wrapped.algorithm).toBe('RSA_DECRYPT_OAEP_4096_SHA512');
    expect(Buffer.from(await key.unwrap(wrapped))).toEqual(dataKey);
  });

  describeStalledProvider('Google Cloud KMS', async () => {
    project.kms.addVersion('stalled');
    const key = await openKey({ ...project.settings('stalled'), timeoutSeconds: 1 });
    const wrapped = await key.wrap(randomBytes(32));
    project.kms.fault = () => 'stall';
    return {
      key,
      wrapped,
      recover: () => {
        project.kms.fault = () => undefined;
        return Promise.resolve();
      },
    };
  });
});
