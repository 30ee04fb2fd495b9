import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@key-connector/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataKeysLoader } from './data-keys.loader.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { Ring } from './ring.js';
import { resolveLayout } from './value-layout.js';

/** Values with made-up ids cost at most one reload in this time, in milliseconds. */
const cooldown = 1_000;

/** Loads the data keys again while serving: one at a time, shared by all who wait, and not often. */
@Injectable()
export class RingReload {
  private readonly logger = new Logger('KeyRing');
  private running: Promise<Ring | undefined> | undefined;
  private notBefore = 0;

  constructor(
    private readonly loader: DataKeysLoader,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /**
   * The ring as it is now; `undefined` where it cannot be used. Who asks within the cooldown waits for its end: until the
   * data keys are read again nobody can tell a new one from one that never was.
   */
  run(current: Ring): Promise<Ring | undefined> {
    this.running ??= this.load(current).finally(() => {
      this.running = undefined;
      this.notBefore = performance.now() + cooldown;
    });
    return this.running;
  }

  private async load(current: Ring): Promise<Ring | undefined> {
    await sleep(Math.max(0, this.notBefore - performance.now()));
    try {
      const { dataKeys } = await this.loader.reload();
      const ring = new Ring(dataKeys, resolveLayout(this.settings.valueLayout, [...dataKeys.keys()]));
      this.logger.log({ msg: 'loaded the data keys again', from: current.active.id, to: ring.active.id });
      return ring;
    } catch (error) {
      if (error instanceof UnavailableError) throw error;
      const reason = error instanceof Error ? error.message : 'unknown';
      this.logger.error({ msg: 'the data keys cannot be loaded again; going on with those in memory', reason });
      return undefined;
    }
  }
}
