import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isSameKey } from './same-key.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' });

describe('the comparison of keys', () => {
  it('finds a key in its copy, and in no other', () => {
    expect(isSameKey(rsa.privateKey, createPrivateKey(pem))).toBe(true);
    expect(isSameKey(rsa.privateKey, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)).toBe(false);
  });

  it.each([
    ['EC', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['RSA-PSS', generateKeyPairSync('rsa-pss', { modulusLength: 2048 })],
    ['Ed25519', generateKeyPairSync('ed25519')],
  ])('with one of type %s leaves the next private key readable', (_type, other) => {
    expect(isSameKey(rsa.privateKey, other.privateKey)).toBe(false);
    expect(() => createPrivateKey({ key: pem, format: 'pem', passphrase: '' })).not.toThrow();
    expect(isSameKey(rsa.publicKey, other.publicKey)).toBe(false);
    expect(() => createPrivateKey({ key: pem, format: 'pem', passphrase: '' })).not.toThrow();
  });
});
