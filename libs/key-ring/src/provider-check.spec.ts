import { createSecretKey, randomBytes } from 'node:crypto';
import { KeyEncryptionKey, KeyProviderUnavailable, type WrappedKey } from '@key-connector/crypto-providers';
import { Metrics } from '@key-connector/observability';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProviderCheck } from './provider-check.js';

/** A key whose provider can be switched off; it "wraps" nothing, because only the answers count here. */
class SwitchedKey extends KeyEncryptionKey {
  override readonly id = 'sha256:00';
  override readonly publicKey = null;
  override readonly description = 'a switched key';
  override readonly keyReference = 'switched/1';
  override readonly classicAlgorithm = 'none';
  answer: () => Promise<Uint8Array> = () => Promise.reject(new KeyProviderUnavailable('switched off'));
  readonly handedOut: Uint8Array[] = [];
  calls = 0;

  wrap(): Promise<WrappedKey> {
    throw new Error('a check never wraps');
  }

  async unwrap(): Promise<Uint8Array> {
    this.calls += 1;
    const answer = await this.answer();
    this.handedOut.push(answer);
    return answer;
  }
}

const bytes = randomBytes(32);
const known = {
  wrapped: { keyReference: 'switched/1', algorithm: 'none', ciphertext: new Uint8Array(1) },
  secret: createSecretKey(bytes),
};

describe('the background check of the key provider', () => {
  let key: SwitchedKey;
  let check: ProviderCheck;
  let metrics: Metrics;
  const seconds = 60;
  const nextCheck = (): Promise<void> => jest.advanceTimersByTimeAsync(seconds * 1100 + 1);
  const gauge = async (): Promise<number | undefined> =>
    (await metrics.registry.getSingleMetric('key_connector_key_provider_up')?.get())?.values[0]?.value;
  const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);

  beforeEach(() => {
    jest.useFakeTimers();
    errors.mockClear();
    metrics = new Metrics();
    key = new SwitchedKey();
    check = new ProviderCheck(metrics, { providerCheckSeconds: seconds });
  });
  afterEach(() => {
    check.beforeApplicationShutdown();
    jest.useRealTimers();
  });

  it('asks nothing when it begins, and once a period from then on', async () => {
    key.answer = () => Promise.resolve(Uint8Array.from(bytes));
    check.watch(key, known);
    expect([key.calls, await gauge()]).toEqual([0, 1]);
    await nextCheck();
    expect(key.calls).toBe(1);
    await jest.advanceTimersByTimeAsync(seconds * 10_000);
    expect(key.calls).toBeGreaterThanOrEqual(9);
    expect(key.calls).toBeLessThanOrEqual(13);
  });

  it('shows an outage in gauge and state, says it once, and sees its end', async () => {
    check.watch(key, known);
    await nextCheck();
    await nextCheck();
    expect(await gauge()).toBe(0);
    expect(check.state()).toMatchObject({ up: false, detail: expect.stringContaining('failing') as unknown });
    expect(errors).toHaveBeenCalledTimes(1);
    key.answer = () => Promise.resolve(Uint8Array.from(bytes));
    await nextCheck();
    expect(await gauge()).toBe(1);
    expect(check.state().up).toBe(true);
  });

  it('takes another data key, of whatever length, for a failure', async () => {
    for (const wrong of [randomBytes(32), randomBytes(16)]) {
      key.answer = () => Promise.resolve(wrong);
      check.watch(key, known);
      await nextCheck();
      expect(await gauge()).toBe(0);
    }
  });

  it('wipes what the provider hands out', async () => {
    for (const answer of [Uint8Array.from(bytes), Uint8Array.from(randomBytes(32))]) {
      key.answer = () => Promise.resolve(answer);
      check.watch(key, known);
      await nextCheck();
    }
    expect(key.handedOut.length).toBeGreaterThan(1);
    for (const one of key.handedOut) expect(one.every((byte) => byte === 0)).toBe(true);
  });

  it('ends with the service', async () => {
    check.watch(key, known);
    check.beforeApplicationShutdown();
    await nextCheck();
    expect(key.calls).toBe(0);
  });
});
