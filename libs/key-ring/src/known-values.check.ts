import type { StoredUserKey } from '@key-connector/database';
import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { classicDataKeyId } from './data-key.js';
import { DataKeyUnreadable, ValueLayoutRefused } from './key-ring.errors.js';
import { KeyRingStore } from './key-ring.store.js';
import { OpeningFailures } from './opening-failures.js';
import type { Ring } from './ring.js';

const sampleSize = 8;

/** Before the first request: the data keys must open what is stored. Only reads. */
@Injectable()
export class KnownValuesCheck {
  private readonly logger = new Logger(KnownValuesCheck.name);

  constructor(
    private readonly store: KeyRingStore,
    private readonly failures: OpeningFailures,
  ) {}

  /** Throws DataKeyUnreadable when no sampled value opens, ValueLayoutRefused when members would be locked out. */
  run(ring: Ring): Promise<void> {
    return this.store.reading((manager) => this.runWith(ring, manager));
  }

  /** The same inside a transaction. */
  async runWith(ring: Ring, manager: EntityManager): Promise<void> {
    await this.requireNoClassicValueLeft(ring, manager);
    const sample = await this.store.newestValues(manager, sampleSize);
    const failed = sample.filter((stored) => !this.opens(ring, stored));
    if (sample.length > 0 && failed.length === sample.length)
      throw new DataKeyUnreadable(
        `None of the ${sample.length} newest user keys opens with the data keys of this database ` +
          `(${[...ring.dataKeys.keys()].join(', ')}). They do not belong together: UserKeys, DataKeys, ` +
          'DataKeyWrappings and ApplicationDatas must come from the same backup.',
      );
    if (failed.length > 0)
      this.logger.error({ msg: 'some stored user keys do not open', failed: failed.length, tried: sample.length });
  }

  private async requireNoClassicValueLeft({ layout, dataKeys }: Ring, manager: EntityManager): Promise<void> {
    if (layout !== 'boundOnly' || !dataKeys.has(classicDataKeyId)) return;
    if (await this.store.hasClassicValues(manager))
      throw new ValueLayoutRefused(
        'keyRing__valueLayout is boundOnly, but there are values in the classic layout, whose members would be locked ' +
          'out. Set keyRing__valueLayout to bound until every value has been sealed again.',
      );
  }

  private opens(ring: Ring, stored: StoredUserKey): boolean {
    try {
      ring.open(stored).fill(0);
      return true;
    } catch (error) {
      this.failures.report(stored.id, error);
      return false;
    }
  }
}
