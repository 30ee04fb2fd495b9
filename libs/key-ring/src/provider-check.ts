import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { UnwrapFailed, type KeyEncryptionKey, type WrappedKey } from '@key-connector/crypto-providers';
import { messageOf } from '@key-connector/common';
import { Metrics } from '@key-connector/observability';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';

/** A wrapping, with the data key that it opened to. */
export interface KnownWrapping {
  readonly wrapped: WrappedKey;
  readonly secret: KeyObject;
}

/** How the provider did when it was last asked; for people, no host and no cause in it. */
export interface ProviderState {
  readonly up: boolean;
  readonly detail: string;
}

/**
 * Opens a known wrapping now and then. No request needs the provider; the next start does, and operators want to hear
 * of a provider that would fail it before it comes.
 */
@Injectable()
export class ProviderCheck implements BeforeApplicationShutdown {
  private readonly logger = new Logger('KeyProvider');
  private timer: NodeJS.Timeout | undefined;
  private up = false;
  private stopped = false;
  private openedAt: number | undefined;

  constructor(
    metrics: Metrics,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'providerCheckSeconds'>,
  ) {
    const up = metrics.gauge({
      name: 'key_connector_key_provider_up',
      help: 'Whether the key provider opened a known data key when it was last asked: 1 or 0.',
      collect: () => {
        up.set(this.up ? 1 : 0);
      },
    });
    const age = metrics.gauge({
      name: 'key_connector_key_provider_opened_age_seconds',
      help: 'Seconds since the key provider last opened a data key.',
      collect: () => {
        age.set(this.ageSeconds);
      },
    });
  }

  /** Begins, with a wrapping that the key has just opened. */
  watch(kek: KeyEncryptionKey, known: KnownWrapping): void {
    this.opened();
    this.schedule(kek, known);
  }

  state(): ProviderState {
    if (this.openedAt === undefined) return { up: false, detail: 'not opened yet' };
    const detail = `opened a data key ${Math.round(this.ageSeconds)} s ago`;
    return { up: this.up, detail: this.up ? detail : `failing, ${detail}` };
  }

  beforeApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private get ageSeconds(): number {
    return (performance.now() - (this.openedAt ?? performance.now())) / 1000;
  }

  /** Replicas that were started together must not ask together. */
  private schedule(kek: KeyEncryptionKey, known: KnownWrapping): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const seconds = this.settings.providerCheckSeconds * (0.9 + Math.random() * 0.2);
    this.timer = setTimeout(() => {
      void this.run(kek, known).finally(() => {
        this.schedule(kek, known);
      });
    }, seconds * 1000).unref();
  }

  private async run(kek: KeyEncryptionKey, { wrapped, secret }: KnownWrapping): Promise<void> {
    try {
      const dataKey = await kek.unwrap(wrapped);
      const expected = secret.export();
      try {
        if (!timingSafeEqual(dataKey, expected)) throw new UnwrapFailed();
      } finally {
        dataKey.fill(0);
        expected.fill(0);
      }
      if (!this.up) this.logger.log({ msg: 'the key provider opens data keys again', keyEncryptionKey: kek.id });
      this.opened();
    } catch (error) {
      this.failed(kek, error);
    }
  }

  private opened(): void {
    this.up = true;
    this.openedAt = performance.now();
  }

  /** Once an outage, not once a check. */
  private failed(kek: KeyEncryptionKey, error: unknown): void {
    // A key that is being closed opens nothing.
    if (this.stopped) return;
    const reason = messageOf(error);
    if (this.up) {
      this.logger.error({
        msg: 'the key provider does not open a data key; members are served from memory, but a start would fail',
        keyEncryptionKey: kek.description,
        reason,
      });
    }
    this.up = false;
  }
}
