import { EventEmitter, once } from 'node:events';
import { messageOf, timerMilliseconds } from '@key-connector/common';
import type { Metrics } from '@key-connector/observability';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Counter } from 'prom-client';
import type { KeySet } from './key-set.js';
import type { KeySource } from './key-source.js';

/** How long a set is used, and how long fetching it may take. */
export interface KeyTimes {
  readonly jwksMaxAgeSeconds: number;
  readonly jwksStaleSeconds: number;
  readonly jwksCooldownSeconds: number;
  readonly fetchTimeoutSeconds: number;
}

/** Wait before the second try of the first load, in seconds; doubled each time, up to the cooldown. */
const FIRST_RETRY = 0.5;

/** Not moved by a wall clock that is set back or ahead. */
const now = (): number => performance.now() / 1000;

/**
 * Holds the issuer's keys, refreshes them in the background, and keeps the old ones while that fails.
 *
 * From the first load on there is always one refresh planned: soon after a failure, else when the keys reach their age.
 */
export class KeySetCache implements OnApplicationShutdown {
  private readonly logger = new Logger(KeySetCache.name);
  private readonly closing = new AbortController();
  private readonly loads = new EventEmitter<{ loaded: [] }>();
  private readonly fetches: Counter<'outcome'>;
  private loaded: { readonly keys: KeySet; readonly at: number; readonly load: number } | undefined;
  private loading: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private told = '';
  private attemptedAt = Number.NEGATIVE_INFINITY;
  private begun = 0;

  constructor(
    private readonly options: KeyTimes,
    private readonly source: KeySource,
    metrics: Metrics,
  ) {
    this.fetches = metrics.counter({
      name: 'key_connector_jwks_fetches_total',
      help: 'Fetches of the issuer’s signing keys, by outcome.',
      labelNames: ['outcome'],
    });
    const age = metrics.gauge({
      name: 'key_connector_jwks_age_seconds',
      help: 'Age of the signing keys in use; NaN before the first were loaded.',
      collect: () => {
        age.set(this.ageSeconds ?? Number.NaN);
      },
    });
  }

  /** The keys to verify with; `undefined` before the first load and when they are older than the stale limit. */
  get current(): KeySet | undefined {
    return this.loaded !== undefined && now() - this.loaded.at <= this.options.jwksStaleSeconds
      ? this.loaded.keys
      : undefined;
  }

  /** Age of the loaded keys in seconds, whether or not they are still used. */
  get ageSeconds(): number | undefined {
    return this.loaded && now() - this.loaded.at;
  }

  /** How many loads have begun. */
  get loadsBegun(): number {
    return this.begun;
  }

  /** Which of them brought the keys that are loaded: the first is 1; 0 before it. */
  get currentLoad(): number {
    return this.loaded?.load ?? 0;
  }

  /** Seconds since the last load began; infinite before the first. */
  get sinceAttemptSeconds(): number {
    return now() - this.attemptedAt;
  }

  /** Whether the last load failed. */
  get failing(): boolean {
    return this.failures > 0;
  }

  /** The load in flight. */
  get pending(): Promise<void> | undefined {
    return this.loading;
  }

  /** Resolves once there are keys to verify with; rejects when the signal is aborted. */
  async untilLoaded(signal: AbortSignal): Promise<void> {
    while (this.current === undefined) await once(this.loads, 'loaded', { signal });
  }

  /** Loads the keys; everyone who asks meanwhile shares the load. Never rejects. */
  refresh(): Promise<void> {
    this.loading ??= this.load().finally(() => {
      this.loading = undefined;
      this.plan();
    });
    return this.loading;
  }

  /** After the last request: until then a token may need a key that is new. */
  onApplicationShutdown(): void {
    this.closing.abort();
    clearTimeout(this.timer);
  }

  private async load(): Promise<void> {
    this.attemptedAt = now();
    this.begun += 1;
    const load = this.begun;
    const deadline = AbortSignal.timeout(timerMilliseconds(this.options.fetchTimeoutSeconds * 1000));
    try {
      this.accept(await this.source.load(AbortSignal.any([deadline, this.closing.signal])), load);
    } catch (error) {
      if (!this.closing.signal.aborted) this.keep(error);
    }
  }

  private accept(keys: KeySet, load: number): void {
    if (this.loaded === undefined || this.failing) {
      this.logger.log({
        msg: 'signing keys loaded',
        from: this.source.description,
        issuer: keys.issuer,
        keys: keys.size,
      });
    }
    this.tell(keys.remarks);
    this.loaded = { keys, at: now(), load };
    this.failures = 0;
    this.fetches.inc({ outcome: 'loaded' });
    this.loads.emit('loaded');
  }

  /** Once, and again when something else is wrong. */
  private tell(remarks: readonly string[]): void {
    const why = remarks.join(' ');
    if (why !== this.told && why !== '') {
      this.logger.warn({ msg: 'signing keys are left out', from: this.source.description, why });
    }
    this.told = why;
  }

  private keep(error: unknown): void {
    this.failures += 1;
    this.fetches.inc({ outcome: 'failed' });
    const age = this.ageSeconds;
    this.logger.warn({
      msg: age === undefined ? 'no signing keys yet' : 'signing keys not refreshed, the old ones are kept',
      error: messageOf(error),
      ...(age !== undefined && { ageSeconds: Math.round(age), staleSeconds: this.options.jwksStaleSeconds }),
    });
  }

  private plan(): void {
    if (this.closing.signal.aborted) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), timerMilliseconds(this.pause() * 1000)).unref();
  }

  /** Seconds to the next refresh, with up to a tenth of jitter so that replicas do not ask in step. */
  private pause(): number {
    const { jwksMaxAgeSeconds, jwksCooldownSeconds } = this.options;
    const jitter = Math.random() / 10;
    // Early, never late: the age is also the time within which a withdrawn key is refused.
    if (!this.failing) return jwksMaxAgeSeconds * (1 - jitter);
    // Late, never early: tokens with an unknown `kid` share the cooldown with these.
    const wait = this.loaded === undefined ? FIRST_RETRY * 2 ** (this.failures - 1) : jwksMaxAgeSeconds;
    return Math.min(wait, jwksCooldownSeconds) * (1 + jitter);
  }
}
