import { constants, createHash, generateKeyPairSync, type KeyObject, privateDecrypt, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { UnwrapFailed } from '@key-connector/crypto-providers';
import { recoveryKeyOf } from './public-key-text.js';
import { RecoveryKeyUnusable } from './recovery-keys.errors.js';
import { openRsaPrivateKey } from './rsa-recovery-key.js';
import { createSeed, openSeed } from './x-wing-recovery-key.js';

const rsa = (modulusLength: number, publicExponent = 65_537): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });
const pem = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString();

const pair = rsa(3072);
const der = pair.publicKey.export({ format: 'der', type: 'spki' });
const secret = randomBytes(32);

describe('an RSA public key as recovery key', () => {
  it('is named by the hash of its SPKI DER, in PEM of either kind and in base64', () => {
    const id = `sha256:${createHash('sha256').update(der).digest('hex')}`;
    const spellings = [
      pem(pair.publicKey),
      pair.publicKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
      `\n${der.toString('base64')}\n`,
    ];

    for (const text of spellings)
      expect(recoveryKeyOf(text)).toMatchObject({ id, algorithm: 'RSA-OAEP-256', publicKey: der.toString('base64') });
  });

  it('wraps so that OpenSSL opens it offline with OAEP and SHA-256', async () => {
    const wrapping = await recoveryKeyOf(pem(pair.publicKey)).wrap(7, secret);

    const plain = privateDecrypt(
      { key: pair.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      wrapping,
    );
    expect(plain).toEqual(secret);
  });

  it('opens with its private key, behind a passphrase too', async () => {
    const wrapping = await recoveryKeyOf(pem(pair.publicKey)).wrap(-1, secret);
    const clear = pair.privateKey.export({ format: 'pem', type: 'pkcs8' });
    const locked = pair.privateKey.export({
      format: 'pem',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'correct horse',
    });

    for (const opened of [
      openRsaPrivateKey(Buffer.from(clear)),
      openRsaPrivateKey(Buffer.from(locked), new Secret('correct horse')),
    ]) {
      expect(opened.key.publicKey).toBe(der.toString('base64'));
      expect(Buffer.from(await opened.unwrap(-1, wrapping))).toEqual(secret);
    }
    expect(() => openRsaPrivateKey(Buffer.from(locked))).toThrow(RecoveryKeyUnusable);
    expect(() => openRsaPrivateKey(Buffer.from(locked), new Secret('wrong'))).toThrow(RecoveryKeyUnusable);
  });

  it('does not open a wrapping that was altered, is empty, or holds another length', async () => {
    const opened = openRsaPrivateKey(Buffer.from(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })));
    const wrapping = await opened.key.wrap(7, secret);
    const altered = Uint8Array.from(wrapping);
    altered[100] = (altered[100] ?? 0) ^ 1;

    for (const bytes of [altered, wrapping.subarray(1), new Uint8Array()])
      await expect(opened.unwrap(7, bytes)).rejects.toThrow(UnwrapFailed);
    await expect(opened.key.wrap(7, new Uint8Array(31))).rejects.toThrow(RangeError);
  });

  it.each([
    ['2048 bits', pem(rsa(2048).publicKey), /2048 bits/],
    ['the exponent 3', pem(rsa(3072, 3).publicKey), /exponent/],
    ['an RSA-PSS key', pem(generateKeyPairSync('rsa-pss', { modulusLength: 3072 }).publicKey), /rsa-pss/],
    ['an EC key', pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey), /not RSA/],
    ['an Ed25519 key', pem(generateKeyPairSync('ed25519').publicKey), /not RSA/],
    ['a cut key', pem(pair.publicKey).replace(/\n.{64}\n/, '\n'), /cannot be read/],
    ['base64 of nothing that is known', randomBytes(100).toString('base64'), /cannot be read/],
    ['base64 with a character too many', `${der.toString('base64')}!`, /neither/],
    ['nothing', '', /neither/],
  ])('refuses %s, and says why', (_, text, why) => {
    expect(() => recoveryKeyOf(text)).toThrow(RecoveryKeyUnusable);
    expect(() => recoveryKeyOf(text)).toThrow(why);
  });

  it('refuses a private key by its name, and repeats nothing of it', () => {
    const text = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

    expect(() => recoveryKeyOf(text)).toThrow(/private key, which has to stay offline/);
    expect(() => recoveryKeyOf(text)).not.toThrow(text.slice(40, 80));
  });
});

describe('a public key that was made here', () => {
  const { key } = openSeed(createSeed());

  it('is known by its length', () => {
    expect(recoveryKeyOf(key.publicKey)).toMatchObject({ id: key.id, algorithm: 'X-Wing+A256GCM' });
  });

  it('is refused when its bytes cannot be one', () => {
    expect(() => recoveryKeyOf(Buffer.alloc(1216, 0xff).toString('base64'))).toThrow(/not an X-Wing public key/);
  });
});
