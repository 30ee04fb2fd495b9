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
    const answer = keys.fetch('new');
    await Promise.resolve();
    source.loads[1]?.resolve(setOf('old'));
    await expect(answer).resolves.toBeUndefined();
  });

  it('are not judged by a set that was asked for before the token came: the key may be newer', async () => {
    const first = keys.fetch('made-up');
    await Promise.resolve();
    const second = keys.fetch('new');
    source.loads[1]?.resolve(setOf('old'));
    await expect(first).resolves.toBeUndefined();
    await expect(second).rejects.toBeInstanceOf(KeyNotFetchedYet);
    expect(source.loads).toHaveLength(2);
  });

  it('are asked for once more after a background refresh that began too early', async () => {
    const refresh = keys.prefetch();
    const answer = keys.fetch('new');
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
      const answer = keys.fetch('old', publicKey);
      await Promise.resolve();
      source.loads[1]?.resolve(replaced);
      await expect(answer).resolves.toBe(other);
    });

    it('are right when a set that was asked for later still has them', async () => {
      const answer = keys.fetch('old', publicKey);
      await Promise.resolve();
      source.loads[1]?.resolve(setOf('old'));
      await expect(answer).resolves.toBeUndefined();
    });

    it('share the cooldown with keys that are unknown', async () => {
      const first = keys.fetch('made-up');
      await Promise.resolve();
      source.loads[1]?.resolve(setOf('old'));
      await first;
      await expect(keys.fetch('old', publicKey)).rejects.toBeInstanceOf(KeyNotFetchedYet);
      expect(source.loads).toHaveLength(2);
    });

    it('need no fetch when another token has just brought the one in their place', async () => {
      const first = keys.fetch('old', publicKey);
      await Promise.resolve();
      source.loads[1]?.resolve(replaced);
      await first;
      await expect(keys.fetch('old', publicKey)).resolves.toBe(other);
      expect(source.loads).toHaveLength(2);
    });
  });

  it('say when they may be fetched again: the rest of the cooldown, in whole seconds', async () => {
    const first = keys.fetch('made-up');
    await Promise.resolve();
    source.loads[1]?.resolve(setOf('old'));
    await first;
    const refused: unknown = await keys.fetch('other').catch((error: unknown) => error);
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

  it('that could not be fetched are the issuer’s fault, and no token’s', async () => {
    const answer = keys.fetch('new');
    await Promise.resolve();
    source.loads[1]?.reject(new Error('down'));
    const refused: unknown = await answer.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(IssuerUnavailable);
    expect(refused).not.toBeInstanceOf(KeyNotFetchedYet);
    expect(keys.find('old')).toBe(publicKey);
  });
});
