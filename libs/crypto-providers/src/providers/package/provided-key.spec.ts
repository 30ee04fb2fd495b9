import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from '../../contract/key-provider.errors.js';
import { rejection } from '../../testing/rejection.js';
import { ProvidedKeyEncryptionKey } from './provided-key.js';

const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' });
const wrapped = { keyReference: 'v1', algorithm: 'A', ciphertext: randomBytes(64) };
const keyWith = (more: object = {}): ProvidedKeyEncryptionKey =>
  new ProvidedKeyEncryptionKey('@acme/x', {
    id: `sha256:${'a'.repeat(64)}`,
    description: 'slot 3',
    keyReference: 'v1',
    classicAlgorithm: 'A',
    wrap: () => Promise.resolve(wrapped),
    unwrap: () => Promise.resolve(randomBytes(32)),
    ...more,
  });
const throwing = (code: string | undefined): (() => Promise<never>) => {
  const error = Object.assign(new Error('hunter2'), { code });
  return () => Promise.reject(error);
};

describe('a key that a package brings', () => {
  it('wraps with the algorithm that is named, where it is the classic one or its own', async () => {
    const key = keyWith({
      classicAlgorithm: 'Classic',
      wrap: (_: Uint8Array, algorithm = 'A') => Promise.resolve({ ...wrapped, algorithm }),
    });
    for (const algorithm of ['Classic', 'A'])
      await expect(key.wrap(randomBytes(32), algorithm)).resolves.toMatchObject({ algorithm });
    await expect(key.wrap(randomBytes(32), 'B')).rejects.toBeInstanceOf(RangeError);
  });

  it.each([
    ['an id that is no fingerprint', { id: 'key-1' }],
    ['an id in upper case', { id: `sha256:${'A'.repeat(64)}` }],
    ['no key reference', { keyReference: ' ' }],
    ['no wrap()', { wrap: undefined }],
    ['a public key that its id is not over', { publicKey: publicKey.toString('base64') }],
    ['a public key that is none', { publicKey: 'AAAA' }],
    ['a close that is no function', { close: true }],
  ])('is refused with %s, and the package is named', (_, more) => {
    expect(() => keyWith(more)).toThrow(KeyProviderMisconfigured);
    expect(() => keyWith(more)).toThrow('@acme/x');
  });

  it.each([
    ['unavailable', 'KEY_PROVIDER_UNAVAILABLE', KeyProviderUnavailable],
    ['misconfigured', 'KEY_PROVIDER_MISCONFIGURED', KeyProviderMisconfigured],
  ])('says %s in words of its own', async (_, code, type) => {
    const error = await rejection(keyWith({ unwrap: throwing(code) }).unwrap(wrapped));
    expect(error).toBeInstanceOf(type);
    expect(error.message).toBe('hunter2 (@acme/x)');
  });

  it('refuses a wrapping as every key does, whatever it says itself', async () => {
    const error = await rejection(keyWith({ unwrap: throwing('DATA_KEY_UNREADABLE') }).unwrap(wrapped));
    expect(error).toEqual(new UnwrapFailed());
  });

  it.each(['toString', 'ECONNREFUSED', undefined])(
    'is at fault with an error of code %s: fatal, and without its message',
    async (code) => {
      const error = await rejection(keyWith({ unwrap: throwing(code) }).unwrap(wrapped));
      expect(error).toBeInstanceOf(KeyProviderMisconfigured);
      expect(error.message).toMatch(/@acme\/x failed in unwrap\(\) with an error that it does not declare \(Error/);
      expect(String(error.stack) + JSON.stringify(error)).not.toContain('hunter2');
      expect(error.cause).toBeUndefined();
    },
  );

  it('that opens a wrapping to anything but 32 bytes has not opened it, and the bytes are wiped', async () => {
    const plain = randomBytes(33);
    const error = await rejection(keyWith({ unwrap: () => Promise.resolve(plain) }).unwrap(wrapped));
    expect(error).toBeInstanceOf(UnwrapFailed);
    expect(plain.every((byte) => byte === 0)).toBe(true);
  });

  it('gets a copy of the data key, which is wiped, and no say over the given one', async () => {
    let seen = new Uint8Array();
    const dataKey = randomBytes(32);
    const before = Buffer.from(dataKey);
    const wrap = (given: Uint8Array<ArrayBuffer>): Promise<object> => {
      seen = given;
      given.fill(7, 0, 1);
      return Promise.resolve(wrapped);
    };
    await keyWith({ wrap }).wrap(dataKey);
    expect(dataKey).toEqual(before);
    expect(seen.every((byte) => byte === 0)).toBe(true);
  });

  it('is closed by its own close(), if it has one, and is at fault when that fails', async () => {
    let closed = 0;
    await keyWith({ close: () => void (closed += 1) }).close();
    expect(closed).toBe(1);
    await expect(keyWith().close()).resolves.toBeUndefined();
    const error = await rejection(keyWith({ close: throwing(undefined) }).close());
    expect(error.message).toMatch(/@acme\/x failed in close\(\)/);
  });

  it('may not put the data key into its wrapping', async () => {
    const dataKey = randomBytes(32);
    const ciphertext = Buffer.concat([randomBytes(8), dataKey]);
    const error = await rejection(keyWith({ wrap: () => Promise.resolve({ ...wrapped, ciphertext }) }).wrap(dataKey));
    expect(error.message).toContain('in the clear');
  });
});
