import { describe, expect, it } from '@jest/globals';
import { DeadlineKeyEncryptionKey, withinDeadline } from './deadline.js';
import { KeyEncryptionKey, type WrappedKey } from './key-encryption-key.js';
import { KeyProviderUnavailable } from './key-provider.errors.js';

/** A key whose provider answers when the test says so. */
class SlowKey extends KeyEncryptionKey {
  override readonly id = 'sha256:00';
  override readonly publicKey = null;
  override readonly description = 'slow';
  override readonly keyReference = 'slow/1';
  override readonly classicAlgorithm = 'RSA-OAEP';
  answerWith: (dataKey: Uint8Array) => void = () => undefined;
  private readonly answer = new Promise<Uint8Array>((resolve) => (this.answerWith = resolve));

  wrap(): Promise<WrappedKey> {
    return new Promise(() => undefined);
  }

  unwrap(): Promise<Uint8Array> {
    return this.answer;
  }
}

const wrapped = { keyReference: 'slow/1', algorithm: 'RSA-OAEP', ciphertext: new Uint8Array(256) };

describe('the deadline of a key provider', () => {
  it('ends a call that gets no answer as unavailable, naming the provider', async () => {
    const key = new DeadlineKeyEncryptionKey(new SlowKey(), 0.05);
    await expect(key.unwrap(wrapped)).rejects.toThrow(KeyProviderUnavailable);
    await expect(key.wrap(new Uint8Array(32))).rejects.toThrow('The key provider (slow) has not answered for 0.05 s.');
  });

  it('wipes a data key that comes too late', async () => {
    const slow = new SlowKey();
    await expect(new DeadlineKeyEncryptionKey(slow, 0.05).unwrap(wrapped)).rejects.toThrow(KeyProviderUnavailable);
    const late = new Uint8Array(32).fill(7);
    slow.answerWith(late);
    await new Promise(setImmediate);
    expect(late).toEqual(new Uint8Array(32));
  });

  it('passes on what comes in time, good or bad, and wipes nothing', async () => {
    const slow = new SlowKey();
    slow.answerWith(new Uint8Array(32).fill(7));
    await expect(new DeadlineKeyEncryptionKey(slow, 5).unwrap(wrapped)).resolves.toEqual(new Uint8Array(32).fill(7));
    await expect(withinDeadline(Promise.reject(new Error('no')), 5, 'slow')).rejects.toThrow('no');
  });

  it('is as long as it says, also where Node has no timer of that length', async () => {
    const month = 31 * 24 * 3600;
    const answer = new Promise((resolve) => setTimeout(resolve, 50, 'in time'));
    await expect(withinDeadline(answer, month, 'slow')).resolves.toBe('in time');
  });

  it('is no deadline at all where it is no number', async () => {
    await expect(withinDeadline(new Promise(() => undefined), NaN, 'slow')).rejects.toThrow(RangeError);
  });
});
