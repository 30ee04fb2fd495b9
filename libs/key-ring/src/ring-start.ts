import { Database } from '@key-connector/database';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CountingManifest, type CountingState } from './data-keys/counting-manifest.js';
import { DataKeys, requireListed, type RingRows } from './data-keys/data-keys.js';
import { FirstDataKey } from './data-keys/first-data-key.js';
import { KnownValues } from './data-keys/known-values.js';
import type { HeldRing } from './held-ring.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { RingAlarms } from './ring-alarms.js';
import { atLeast, requireLayout } from './values/value-layout.js';

/** A ring that a start has opened, and how its rows stood. */
export interface StartedRing extends HeldRing {
  readonly rows: RingRows;
}

/** Brings a database's ring into memory, at a start; an empty database, and one of a classic deployment, get one. */
@Injectable()
export class RingStart {
  private readonly logger = new Logger('KeyRing');

  constructor(
    private readonly database: Database,
    private readonly counting: CountingManifest,
    private readonly dataKeys: DataKeys,
    private readonly first: FirstDataKey,
    private readonly knownValues: KnownValues,
    private readonly alarms: RingAlarms,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /**
   * The common case takes no lock. Each round reads the manifest anew: another replica may have made it, a command
   * changed it.
   *
   * @throws RingRefused, DataKeyLost, DataKeyUnreadable, ValueLayoutRefused, all fatal, or an UnavailableError.
   */
  async run(): Promise<StartedRing> {
    for (;;) {
      const { state, symmetricKey } = await this.look();
      if (state === undefined) await this.make(symmetricKey);
      const started = state && (await this.open(state));
      if (started !== undefined) return started;
    }
  }

  /** The manifest that counts; where there is none, what a ring may be made from. */
  private look(): Promise<{ state?: CountingState; symmetricKey?: string | undefined }> {
    return this.database.snapshot(async (manager) => {
      const state = await this.counting.find(manager);
      if (state !== undefined) return { state };
      try {
        return { symmetricKey: await this.first.requireRoom(manager) };
      } catch (error) {
        // Another replica may have made a ring between the two questions.
        const made = await this.counting.find(manager);
        if (made === undefined) throw error;
        return { state: made };
      }
    });
  }

  /** The lock keeps others out; should it ever fail to, the primary keys decide and the loser reads the winner's. */
  private async make(symmetricKey: string | undefined): Promise<void> {
    const kek = await this.dataKeys.openKey(undefined, symmetricKey);
    try {
      await this.database.lock(async (manager) => {
        if ((await this.counting.find(manager)) === undefined) await this.first.establish(kek, manager);
      });
    } catch (error) {
      if ((await this.look()).state === undefined) throw error;
    }
  }

  private async open({ held, passedOver, otherRings }: CountingState): Promise<StartedRing | undefined> {
    const { manifest } = held;
    const kek = await this.dataKeys.openKey(manifest);
    requireListed(manifest, kek);
    requireLayout(manifest.layout, this.settings.valueLayout);
    const rows = await this.database.snapshot((manager) => this.dataKeys.read(manager, held, kek.id));
    if (rows === undefined) return undefined;
    const layout = atLeast(manifest.layout, this.settings.valueLayout);
    const opened = await this.dataKeys.open(held, kek, { rows, layout });
    const ring = await this.database.snapshot((manager) => this.knownValues.tighten(opened, manager));
    this.tell(otherRings);
    this.alarms.passedOver(passedOver);
    return { held, ring, kek, rows };
  }

  private tell(otherRings: readonly string[]): void {
    this.alarms.found(
      'start',
      otherRings.map((ring) => ({
        reason: 'other_ring',
        key: ring,
        why: `RingManifests holds versions of the ring ${ring}, which is not the one of keyRing__identity: they do not count.`,
      })),
    );
    if (this.settings.identity.length === 0)
      this.logger.warn({
        msg: 'keyRing__identity is not set: whoever deletes or outnumbers what members have in the database can replace the ring. Set it to the ring of the line `ready`',
      });
  }
}
