import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSameKey, timerMilliseconds } from '@key-connector/common';
import { IssuerUnavailable, KeyNotFetchedYet } from './issuer.errors.js';
import type { KeySetCache, KeyTimes } from './key-set-cache.js';

/** How a key is looked for that is not at hand. */
export interface KeySearch {
  /** When the wait ends, as {@link SigningKeys.endOfWait} says: one time for all that is looked for by a request. */
  readonly until: number;
  /**
   * The key at hand, when a signature is wrong under it: the issuer may have put another in its place, under the same
   * `kid` or none.
   */
  readonly failed?: KeyObject | undefined;
}

/**
 * The issuer's signing keys, as tokens ask for them.
 *
 * @example
 * const key = keys.find(kid) ?? (await keys.fetch(kid, { until: keys.endOfWait() }));
 */
export class SigningKeys {
  /** When an unknown `kid` or a wrong signature last made us fetch, in seconds of the monotonic clock. */
  private missedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly options: Pick<KeyTimes, 'jwksCooldownSeconds' | 'fetchTimeoutSeconds'>,
    private readonly cache: KeySetCache,
  ) {}

  /** Starts fetching and refreshing in the background; resolves after the first try and never rejects. */
  prefetch(): Promise<void> {
    return this.cache.refresh();
  }

  /** Resolves once tokens can be verified; rejects when the signal is aborted. */
  untilReady(signal: AbortSignal): Promise<void> {
    return this.cache.untilLoaded(signal);
  }

  /** Whether tokens can be verified now; the detail names no host. */
  status(): { readonly ready: boolean; readonly detail: string } {
    const age = this.cache.ageSeconds;
    if (age === undefined) return { ready: false, detail: 'signing keys not loaded yet' };
    const detail = `signing keys loaded ${Math.round(age)} s ago`;
    return this.cache.current === undefined ? { ready: false, detail: `${detail}, too old` } : { ready: true, detail };
  }

  /** The issuer whose keys these are; throws IssuerUnavailable. */
  get issuer(): string {
    const keys = this.cache.current;
    if (keys === undefined) throw new IssuerUnavailable();
    return keys.issuer;
  }

  /** A key that is at hand: the way of nearly every request, without waiting. */
  find(kid: string | undefined): KeyObject | undefined {
    return this.cache.current?.find(kid);
  }

  /**
   * Until when a request that comes now waits for keys, in ms of the monotonic clock: as long as one fetch may take.
   */
  endOfWait(): number {
    return performance.now() + this.options.fetchTimeoutSeconds * 1000;
  }

  /**
   * A key that is not at hand: joins or starts a fetch, at most one per cooldown, and waits until the time given.
   *
   * `undefined` only when a set lacks the key that was asked for after this call: the issuer may have published it a
   * moment ago. While that cannot be told, throws KeyNotFetchedYet, or IssuerUnavailable without any keys.
   */
  async fetch(kid: string | undefined, { until, failed }: KeySearch): Promise<KeyObject | undefined> {
    const begunBefore = this.cache.loadsBegun;
    await atMostUntil(until, this.look(kid, failed));
    const key = this.findOther(kid, failed);
    if (key !== undefined) return key;
    const { current, currentLoad } = this.cache;
    if (current !== undefined && currentLoad > begunBefore) return undefined;
    const retryAfter = Math.max(1, Math.ceil(this.cooldownLeft));
    throw current === undefined ? new IssuerUnavailable(retryAfter) : new KeyNotFetchedYet(retryAfter);
  }

  private async look(kid: string | undefined, failed: KeyObject | undefined): Promise<void> {
    // A load that is under way may have begun before the key was published: what it lacks is asked for once more.
    await this.cache.pending;
    if (this.findOther(kid, failed) === undefined) await (this.cache.pending ?? this.fetchOncePerCooldown());
  }

  private findOther(kid: string | undefined, failed: KeyObject | undefined): KeyObject | undefined {
    const key = this.find(kid);
    return key === undefined || (failed !== undefined && isSameKey(failed, key)) ? undefined : key;
  }

  private fetchOncePerCooldown(): Promise<void> | undefined {
    if (this.cooldownLeft > 0) return undefined;
    this.missedAt = performance.now() / 1000;
    return this.cache.refresh();
  }

  /**
   * Seconds until a token may cause a fetch again. The background refresh alone does not start the cooldown, unless it
   * fails: a key that is new right after it is found at once.
   */
  private get cooldownLeft(): number {
    const sinceMiss = performance.now() / 1000 - this.missedAt;
    const since = this.cache.failing ? Math.min(sinceMiss, this.cache.sinceAttemptSeconds) : sinceMiss;
    return Math.max(0, this.options.jwksCooldownSeconds - since);
  }
}

/**
 * Resolves when the work does, which never rejects, and at a time of the monotonic clock at the latest; the work goes
 * on.
 */
async function atMostUntil(end: number, work: Promise<void>): Promise<void> {
  const stop = new AbortController();
  const pause = timerMilliseconds(Math.max(0, end - performance.now()));
  try {
    await Promise.race([work, sleep(pause, undefined, { signal: stop.signal })]);
  } finally {
    stop.abort();
  }
}
