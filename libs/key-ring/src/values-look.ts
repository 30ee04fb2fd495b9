import { EventEmitter, once } from 'node:events';
import { Database } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import { ForeignValues } from './data-keys/foreign-values.js';
import { KnownValues } from './data-keys/known-values.js';
import type { HeldRing } from './held-ring.js';
import { RingUnusable } from './key-ring.errors.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { RingAlarms } from './ring-alarms.js';

/** How long who wants to seal waits for the look, in milliseconds. */
const patience = 5_000;

/**
 * The look at every stored value for one under a data key that the ring has not, and at those that must open: the
 * newest, and without a pin some picked at random. It reads whole tables, so a start does not wait for it; without a
 * pin nothing is sealed before it has ended well, because the ring may be somebody else's.
 */
@Injectable()
export class ValuesLook {
  private passed = false;
  private readonly waiting = new EventEmitter<{ passed: [] }>();
  private readonly isPinned: boolean;

  constructor(
    private readonly database: Database,
    private readonly foreignValues: ForeignValues,
    private readonly knownValues: KnownValues,
    private readonly alarms: RingAlarms,
    @Inject(KEY_RING_SETTINGS) { identity }: Pick<KeyRingSettings, 'identity'>,
  ) {
    this.isPinned = identity.length > 0;
    // One listener a write that waits.
    this.waiting.setMaxListeners(0);
  }

  /** Whether values may be sealed: with a pin it is known whose ring this is, whatever else is stored. */
  get allowsSealing(): boolean {
    return this.isPinned || this.passed;
  }

  /**
   * Looks, once: what is sealed from then on is sealed under this ring. With a pin, what is found is an alarm.
   *
   * @throws RingRefused where a value is foreign, and no pin; DataKeyUnreadable where most of those do not open;
   * ManifestMoved, worth another try with the newest one.
   */
  async run({ held, ring, kek }: HeldRing): Promise<void> {
    if (this.passed) return;
    const foreign = await this.database.snapshot(async (manager) => {
      const found = await this.foreignValues.find(held, kek, manager);
      await (this.isPinned ? this.knownValues.openNewest(ring, manager) : this.knownValues.openMost(ring, manager));
      return found;
    });
    this.alarms.found(
      'values',
      foreign.map((id) => ({
        reason: 'value_under_unnamed_data_key',
        key: String(id),
        why: `There are user keys under data key ${id}, which this ring has not, or has dropped: they do not open.`,
      })),
    );
    this.passed = true;
    this.waiting.emit('passed');
  }

  /** Throws RingUnusable before values may be sealed. */
  requireSealing(): void {
    if (!this.allowsSealing) throw notYet();
  }

  /** Resolves once values may be sealed, within seconds; throws RingUnusable otherwise. */
  async untilSealing(): Promise<void> {
    if (this.allowsSealing) return;
    await once(this.waiting, 'passed', { signal: AbortSignal.timeout(patience) }).catch(() => undefined);
    this.requireSealing();
  }
}

const notYet = (): RingUnusable =>
  new RingUnusable(
    'Nothing is written yet: without keyRing__identity every stored value is looked at first, whether it belongs to this ring.',
  );
