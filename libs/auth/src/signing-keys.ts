import { Inject, Injectable } from '@nestjs/common';
import type { KeyObject } from 'node:crypto';
import { IssuerUnavailable, TokenInvalid } from './auth.errors.js';
import { AUTH_OPTIONS } from './auth.module-definition.js';
import type { AuthOptions } from './auth.settings.js';
import { KeySetCache } from './issuer/key-set.cache.js';

/** The issuer's signing keys, as tokens ask for them. */
@Injectable()
export class SigningKeys {
  /** When an unknown `kid` last made us fetch, in seconds of the monotonic clock. */
  private missedAt = Number.NEGATIVE_INFINITY;

  constructor(
    @Inject(AUTH_OPTIONS) private readonly options: AuthOptions,
    private readonly cache: KeySetCache,
  ) {}

  /** Starts fetching and refreshing in the background; resolves after the first try and never rejects. */
  prefetch(): Promise<void> {
    return this.cache.refresh();
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
   * A key that is not at hand: joins or starts a fetch, at most one per cooldown.
   *
   * Throws TokenInvalid only when a fresh set lacks the key; while we cannot tell, IssuerUnavailable.
   */
  async fetch(kid: string | undefined): Promise<KeyObject> {
    // A load that is under way may have begun before the key was published: what it lacks is asked for once more.
    await this.cache.pending;
    if (this.find(kid) === undefined) await (this.cache.pending ?? this.fetchOncePerCooldown());
    const keys = this.cache.current;
    if (keys === undefined) throw new IssuerUnavailable();
    const key = keys.find(kid);
    if (key !== undefined) return key;
    throw this.cache.failing ? new IssuerUnavailable() : new TokenInvalid('unknown-key');
  }

  private fetchOncePerCooldown(): Promise<void> | undefined {
    const { jwksCooldownSeconds } = this.options;
    const seconds = performance.now() / 1000;
    // The background refresh alone does not start the cooldown: a key that is new right after it is found at once.
    if (seconds - this.missedAt < jwksCooldownSeconds) return undefined;
    if (this.cache.failing && this.cache.sinceAttemptSeconds < jwksCooldownSeconds) return undefined;
    this.missedAt = seconds;
    return this.cache.refresh();
  }
}
