import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Metrics } from '@key-connector/observability';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { IssuerUnavailable, KeyNotFetchedYet } from './issuer.errors.js';
import { KeySetCache } from './key-set-cache.js';
import { type KeySet, namedKeys } from './key-set.js';
import { KeySource } from './key-source.js';
import { SigningKeys } from './signing-keys.js';

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const setOf = (...kids: string[]): KeySet =>
  namedKeys('issuer', { keys: new Map(kids.map((kid): [string, KeyObject] => [kid, publicKey])), remarks: [] });

/** Every load waits until the test ends it. */
class ByHand extends KeySource {
  readonly description = 'by hand';
  readonly loads: { readonly resolve: (keys: KeySet) => void; readonly reject: (error: Error) => void }[] = [];

  load(): Promise<KeySet> {
    return new Promise((resolve, reject) => {
      this.loads.push({ resolve, reject });
    });
  }
}

describe('signing keys', () => {
  const jwksCooldownSeconds = 60;
  const times = { jwksMaxAgeSeconds: 300, jwksStaleSeconds: 600, jwksCooldownSeconds, fetchTimeoutSeconds: 5 };
  let source: ByHand;
  let cache: KeySetCache;
  let keys: SigningKeys;
  const fetch = (kid: string, failed?: KeyObject): Promise<KeyObject | undefined> =>
    keys.fetch(kid, { until: keys.endOfWait(), failed });

  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  beforeEach(async () => {
    source = new ByHand();
    cache = new KeySetCache(times, source, new Metrics());
    keys = new SigningKeys(times, cache);
    const first = keys.prefetch();
    source.loads[0]?.resolve(setOf('old'));
    await first;
  });

  afterEach(() => {
    cache.onApplicationShutdown();
  });

  it('are judged by a set that was asked for after the token came', async () => {
    const answer = fetch('new');
    await Promise.resolve();
    source.loads[1]?.resolve(setOf('old'));
    await expect(answer).resolves.toBeUndefined();
  });

  it('are not judged by a set that was asked for before the token came: the key may be newer', async () => {
    const first = fetch('made-up');
    await Promise.resolve();
    const second = fetch('new');
    source.loads[1]?.resolve(setOf('old'));
    await expect(first).resolves.toBeUndefined();
    await expect(second).rejects.toBeInstanceOf(KeyNotFetchedYet);
    expect(source.loads).toHaveLength(2);
  });

  it('are asked for once more after a background refresh that began too early', async () => {
    const refresh = keys.prefetch();
    const answer = fetch('new');
    source.loads[1]?.resolve(setOf('old'));
    await refresh;
    await new Promise(setImmediate);
    source.loads[2]?.resolve(setOf('old', 'new'));
    await expect(answer).resolves.toBe(publicKey);
  });

  describe('under which a signature is wrong', () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    const replaced = namedKeys('issuer', { keys: new Map([['old', other]]), remarks: [] });

    it('are asked for again, and one that took their place is found', async () => {
      const answer = fetch('old', publicKey);
      await Promise.resolve();
      source.loads[1]?.resolve(replaced);
      await expect(answer).resolves.toBe(other);
    });

    it('are right when a set that was asked for later still has them', async () => {
      const answer = fetch('old', publicKey);
      await Promise.resolve();
      source.loads[1]?.resolve(setOf('old'));
      await expect(answer).resolves.toBeUndefined();
    });

    it('share the cooldown with keys that are unknown', async () => {
      const first = fetch('made-up');
      await Promise.resolve();
      source.loads[1]?.resolve(setOf('old'));
      await first;
      await expect(fetch('old', publicKey)).rejects.toBeInstanceOf(KeyNotFetchedYet);
      expect(source.loads).toHaveLength(2);
    });

    it('need no fetch when another token has just brought the one in their place', async () => {
      const first = fetch('old', publicKey);
      await Promise.resolve();
      source.loads[1]?.resolve(replaced);
      await first;
      await expect(fetch('old', publicKey)).resolves.toBe(other);
      expect(source.loads).toHaveLength(2);
    });
  });

  it('say when they may be fetched again: the rest of the cooldown, in whole seconds', async () => {
    const first = fetch('made-up');
    await Promise.resolve();
    source.loads[1]?.resolve(setOf('old'));
    await first;
    const refused: unknown = await fetch('other').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(KeyNotFetchedYet);
    const { retryAfterSeconds } = refused as KeyNotFetchedYet;
    expect(Number.isInteger(retryAfterSeconds)).toBe(true);
    expect(retryAfterSeconds).toBeGreaterThan(jwksCooldownSeconds - 30);
    expect(retryAfterSeconds).toBeLessThanOrEqual(jwksCooldownSeconds);
  });

  describe('that are waited for', () => {
    it('end the wait at once when they are there, and when the first load that succeeds brings them', async () => {
      await expect(keys.untilReady(new AbortController().signal)).resolves.toBeUndefined();

      const late = new ByHand();
      const empty = new KeySetCache(times, late, new Metrics());
      const waiting = empty.untilLoaded(new AbortController().signal);
      const failed = empty.refresh();
      late.loads[0]?.reject(new Error('down'));
      await failed;
      const first = empty.refresh();
      late.loads[1]?.resolve(setOf('old'));
      await first;
      await expect(waiting).resolves.toBeUndefined();
      empty.onApplicationShutdown();
    });

    it('are not waited for beyond the end of the service', async () => {
      const stop = new AbortController();
      const waiting = new KeySetCache(times, new ByHand(), new Metrics()).untilLoaded(stop.signal);
      stop.abort();
      await expect(waiting).rejects.toThrow(/abort/);
    });
  });

  it.each([
    ['unknown', 'new', undefined],
    ['of a wrong signature', 'old', publicKey],
  ])(
    'that are %s are told apart from none while fetches fail: 503 with a trace, and never 401',
    async (_, kid, failed) => {
      const answer = fetch(kid, failed);
      await Promise.resolve();
      source.loads[1]?.reject(new Error('down'));
      await expect(answer).rejects.toBeInstanceOf(KeyNotFetchedYet);
      await expect(fetch(kid, failed)).rejects.toBeInstanceOf(KeyNotFetchedYet);
      expect(source.loads).toHaveLength(2);
      expect(keys.find('old')).toBe(publicKey);
    },
  );

  it('that were never loaded are the issuer’s fault, and no token’s', async () => {
    const late = new ByHand();
    const empty = new KeySetCache(times, late, new Metrics());
    const without = new SigningKeys(times, empty);
    const answer = without.fetch('new', { until: without.endOfWait() });
    await Promise.resolve();
    late.loads[0]?.reject(new Error('down'));
    const refused: unknown = await answer.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(IssuerUnavailable);
    expect(refused).not.toBeInstanceOf(KeyNotFetchedYet);
    empty.onApplicationShutdown();
  });

  it('are waited for until the end of the wait, whatever is under way, and are found by the next request', async () => {
    const slow = keys.prefetch();
    const until = performance.now() + 20;
    await expect(keys.fetch('new', { until })).rejects.toBeInstanceOf(KeyNotFetchedYet);
    await expect(keys.fetch('old', { until, failed: publicKey })).rejects.toBeInstanceOf(KeyNotFetchedYet);
    source.loads[1]?.resolve(setOf('old', 'new'));
    await slow;
    expect(keys.find('new')).toBe(publicKey);
    // One was begun for the first, which no longer waits: it knows nothing of "old" being replaced.
    source.loads[2]?.resolve(setOf('old', 'new'));
  });
});
