import { describe, expect, it } from '@jest/globals';
import type { KeyEncryptionKey, WrappedKey } from '../contract/key-encryption-key.js';
import { KeyProviderUnavailable } from '../contract/key-provider.errors.js';
import { rejection } from './rejection.js';

/** A key whose provider has stopped answering, without closing its connections. */
export interface StalledProvider {
  /** Opened with a time-out of one second, before the provider stalled. */
  readonly key: KeyEncryptionKey;
  /** Made before the provider stalled. */
  readonly wrapped: WrappedKey;
  /** Lets the provider answer again. */
  recover(): Promise<void>;
}

/** The guarantees of a provider that is reached over a network, or that can hang. */
export function describeStalledProvider(name: string, prepare: () => Promise<StalledProvider>): void {
  describe(`the stalled provider of ${name}`, () => {
    it('is unavailable after the time-out, and opens the same wrapping once it answers', async () => {
      const stalled = await prepare();
      const { key, wrapped } = stalled;
      const start = performance.now();
      const error = await rejection(key.unwrap(wrapped));
      expect(error).toBeInstanceOf(KeyProviderUnavailable);
      // Not a speed test: only that no time-out of the provider's own library, which are minutes, was waited for.
      expect(performance.now() - start).toBeLessThan(10_000);
      await stalled.recover();
      expect(await key.unwrap(wrapped)).toHaveLength(32);
    });
  });
}
