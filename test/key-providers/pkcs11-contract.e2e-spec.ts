import { constants, publicEncrypt, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeKeyEncryptionKey, type KeyEncryptionKeyFixture } from '@key-connector/crypto-providers/testing';
import { NssToken, nss } from '../lab/pkcs11/nss-token.ts';
import { OpenKeys } from '../lab/pkcs11/open-keys.ts';
import { throwawayKey, type ThrowawayKey } from '../lab/pkcs11/rsa-key.ts';
import { SoftHsm, softHsm, type SoftToken } from '../lab/pkcs11/soft-hsm.ts';
import { describeIf } from '../lab/skip/skip.ts';

/** A wrapping as a classic deployment makes it: OAEP with SHA-1, by the public half. */
function classicWrapping({ publicPem }: ThrowawayKey): { ciphertext: Buffer; dataKey: Buffer } {
  const dataKey = randomBytes(32);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return { dataKey, ciphertext: publicEncrypt({ key: publicPem, padding, oaepHash: 'sha1' }, dataKey) };
}

describeIf(softHsm.installed, softHsm.reason, 'SoftHSM', () => {
  const keys = new OpenKeys();
  const [own, other] = [throwawayKey(), throwawayKey(4096)];
  let hsm: SoftHsm;
  let token: SoftToken;

  beforeAll(async () => {
    hsm = await SoftHsm.create();
    token = await hsm.createToken('vault');
    await hsm.importKey(token, { pem: own.pem, label: 'own', id: '0a0b' });
    await hsm.importKey(token, { pem: other.pem, label: 'other', id: '02' });
  });
  afterAll(async () => {
    await keys.close();
    await hsm.remove();
  });

  const settings = (label: string): Record<string, unknown> => ({
    pkcs11LibraryPath: hsm.library,
    pkcs11SlotTokenSerialNumber: token.serialNumber,
    pkcs11LoginPin: token.pin,
    pkcs11PrivateKeyLabel: label,
  });

  describeKeyEncryptionKey('a SoftHSM token', () => {
    const fixture: KeyEncryptionKeyFixture = {
      open: () => keys.open({ rsaKey: settings('own') }, hsm.environment),
      openOther: () => keys.open({ rsaKey: settings('other') }, hsm.environment),
      id: own.id,
      classic: classicWrapping(own),
      secrets: [token.pin],
    };
    return Promise.resolve(fixture);
  });

  test('a token without SHA-256 wraps with SHA-1, and says so when it is told to use SHA-256', async () => {
    const key = await keys.open({ rsaKey: settings('own') }, hsm.environment);
    expect((await key.wrap(randomBytes(32))).algorithm).toBe('RSA-OAEP');
    await expect(keys.open({ rsaKey: { ...settings('own'), oaepHash: 'sha256' } }, hsm.environment)).rejects.toThrow(
      /the token does not do RSA-OAEP with the hash of rsaKey__oaepHash.*CKR_ARGUMENTS_BAD/,
    );
  });

  test('a wrapping names token and key by their RFC 7512 URI', async () => {
    const key = await keys.open({ rsaKey: settings('own') }, hsm.environment);
    const uri = `pkcs11:serial=${token.serialNumber};id=%0A%0B;object=own;type=private`;
    expect((await key.wrap(randomBytes(32))).keyReference).toBe(uri);
  });
});

describeIf(nss.installed, nss.reason, 'NSS', () => {
  const keys = new OpenKeys();
  const [own, other] = [throwawayKey(), throwawayKey()];
  let token: NssToken;

  beforeAll(async () => {
    token = await NssToken.create();
    await token.importKey('own', own.pem);
    await token.importKey('other', other.pem);
  });
  afterAll(async () => {
    await keys.close();
    await token.remove();
  });

  describeKeyEncryptionKey('the token of NSS', () => {
    const fixture: KeyEncryptionKeyFixture = {
      open: () => keys.open({ rsaKey: token.settings('own') }, {}),
      openOther: () => keys.open({ rsaKey: token.settings('other') }, {}),
      id: own.id,
      classic: classicWrapping(own),
      secrets: [token.pin],
    };
    return Promise.resolve(fixture);
  });

  test.each([
    [undefined, 'RSA-OAEP-256'],
    ['sha256', 'RSA-OAEP-256'],
    ['sha1', 'RSA-OAEP'],
  ])('a token with SHA-256 that is told to use %s wraps with %s, and opens both', async (oaepHash, algorithm) => {
    const key = await keys.open({ rsaKey: { ...token.settings('own'), oaepHash } }, {});
    const dataKey = randomBytes(32);
    expect((await key.wrap(dataKey)).algorithm).toBe(algorithm);
    for (const one of ['RSA-OAEP', 'RSA-OAEP-256'])
      expect(Buffer.from(await key.unwrap(await key.wrap(dataKey, one)))).toEqual(dataKey);
  });
});
