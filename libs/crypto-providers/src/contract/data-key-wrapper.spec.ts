import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { DataKeyWrapper, type KeyCalls } from './data-key-wrapper.js';
import { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from './key-provider.errors.js';

const zeros = new Uint8Array(32);
const facts = {
  id: 'sha256:00',
  publicKey: null,
  description: 'a key',
  keyReference: 'key/1',
  algorithm: 'A',
  classicAlgorithm: 'A',
} as const;

/** A key whose provider does what the test says; by itself it knows one algorithm and gives back what it got. */
function keyOf(calls: Partial<KeyCalls<'A' | 'B'>>): DataKeyWrapper<'A' | 'B'> {
  const echo = (bytes: Uint8Array): Promise<Uint8Array> => Promise.resolve(Uint8Array.from(bytes));
  return new DataKeyWrapper(facts, { encrypt: { A: echo }, decrypt: echo, ...calls });
}

describe('wrapping a data key', () => {
  it('gives the provider a copy, which is wiped once the provider has answered, well or not', async () => {
    const dataKey = randomBytes(32);
    const before = Buffer.from(dataKey);
    const seen: Uint8Array[] = [];
    const away = (): Promise<Uint8Array> => Promise.reject(new KeyProviderUnavailable('away'));
    for (const answer of [() => Promise.resolve(new Uint8Array(256)), away]) {
      const encrypt = (copy: Uint8Array): Promise<Uint8Array> => {
        expect(Buffer.from(copy)).toEqual(before);
        seen.push(copy);
        return answer();
      };
      await keyOf({ encrypt: { A: encrypt } })
        .wrap(dataKey)
        .catch(() => undefined);
    }
    expect(seen).toEqual([zeros, zeros]);
    expect(dataKey).toEqual(before);
  });

  it('asks the provider nothing for an algorithm that the key does not have, or that it may not use', async () => {
    const encrypt = { A: () => Promise.reject(new Error('asked')) };
    await expect(keyOf({ encrypt }).wrap(zeros, 'B')).rejects.toThrow(new RangeError('a key does not wrap with B'));
    const expired = new KeyProviderMisconfigured('expired');
    const requireMayWrap = (): void => {
      throw expired;
    };
    await expect(keyOf({ encrypt, requireMayWrap }).wrap(zeros)).rejects.toBe(expired);
  });
});

describe('opening a wrapping', () => {
  const wrapped = { keyReference: 'key/1', algorithm: 'A', ciphertext: new Uint8Array(256) };

  it('wipes what is no data key, and says what it says of every wrapping that does not open', async () => {
    for (const plain of [new Uint8Array(31).fill(7), new Uint8Array(33).fill(7), undefined]) {
      await expect(keyOf({ decrypt: () => Promise.resolve(plain) }).unwrap(wrapped)).rejects.toThrow(UnwrapFailed);
      expect(plain?.some((byte) => byte !== 0) ?? false).toBe(false);
    }
  });

  it('asks the provider nothing for an empty ciphertext, or for an algorithm that the key never had', async () => {
    const key = keyOf({ decrypt: () => Promise.reject(new Error('asked')) });
    for (const bad of [{ ciphertext: new Uint8Array() }, { algorithm: 'B' }, { algorithm: 'toString' }])
      await expect(key.unwrap({ ...wrapped, ...bad })).rejects.toThrow(UnwrapFailed);
  });

  it('opens what an algorithm made that new wrappings do not have any more', async () => {
    const key = keyOf({ opens: { A: true, B: true }, decrypt: () => Promise.resolve(new Uint8Array(32)) });
    await expect(key.unwrap({ ...wrapped, algorithm: 'B' })).resolves.toHaveLength(32);
  });

  it('passes the provider’s own errors on as they are', async () => {
    const away = new KeyProviderUnavailable('away');
    await expect(keyOf({ decrypt: () => Promise.reject(away) }).unwrap(wrapped)).rejects.toBe(away);
  });
});
