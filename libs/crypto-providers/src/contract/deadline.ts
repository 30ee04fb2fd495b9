import { setTimeout as sleep } from 'node:timers/promises';
import { timerMilliseconds } from '@key-connector/common';
import { KeyEncryptionKey, type WrappedKey } from './key-encryption-key.js';
import { KeyProviderUnavailable } from './key-provider.errors.js';

/**
 * Waits for a provider's answer, but not for ever: after `seconds` it is KeyProviderUnavailable. What comes later is
 * handed to `discard`.
 */
export async function withinDeadline<T>(
  answer: Promise<T>,
  seconds: number,
  provider: string,
  discard: (late: T) => void = () => undefined,
): Promise<T> {
  const timer = new AbortController();
  const late = sleep(timerMilliseconds(seconds * 1000), undefined, { signal: timer.signal, ref: false }).then(() => {
    answer.then(discard, () => undefined);
    throw new KeyProviderUnavailable(`The key provider (${provider}) has not answered for ${seconds} s.`);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
  }
}

/** Longest wait for a key to close, in seconds: the process that ends needs nothing of it any more. */
const closeSeconds = 5;

/** A key whose every call has a deadline, whatever its provider's library makes of time-outs. */
export class DeadlineKeyEncryptionKey extends KeyEncryptionKey {
  override readonly id: string;
  override readonly publicKey: string | null;
  override readonly description: string;
  override readonly keyReference: string;
  override readonly classicAlgorithm: string;

  constructor(
    private readonly key: KeyEncryptionKey,
    private readonly seconds: number,
  ) {
    super();
    this.id = key.id;
    this.publicKey = key.publicKey;
    this.description = key.description;
    this.keyReference = key.keyReference;
    this.classicAlgorithm = key.classicAlgorithm;
  }

  wrap(dataKey: Uint8Array, algorithm?: string): Promise<WrappedKey> {
    return withinDeadline(this.key.wrap(dataKey, algorithm), this.seconds, this.description);
  }

  unwrap(wrapped: WrappedKey): Promise<Uint8Array> {
    return withinDeadline(this.key.unwrap(wrapped), this.seconds, this.description, (late) => late.fill(0));
  }

  override close(): Promise<void> {
    return withinDeadline(this.key.close(), Math.min(this.seconds, closeSeconds), this.description);
  }
}
