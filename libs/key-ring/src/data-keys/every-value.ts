import { UserKeyRows } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RingRefused } from '../key-ring.errors.js';
import { openClassic } from '../values/classic.layout.js';
import type { DataKey } from '../values/data-key.js';
import { OpeningFailure } from '../values/opening-failure.js';
import { longestValue } from '../values/ring.js';

/** Members who are named in a message. */
const shown = 10;

/** Opens all that a classic deployment has stored, in batches: memory stays flat, whatever there is. */
@Injectable()
export class EveryValue {
  constructor(private readonly userKeys: UserKeyRows) {}

  /** Throws RingRefused unless every value is in the classic layout and opens with this data key. Only reads. */
  async requireClassic(dataKey: DataKey, manager: EntityManager): Promise<void> {
    const broken: unknown[] = [];
    let count = 0;
    for await (const { id, value, dataKeyId } of this.userKeys.all(manager, longestValue)) {
      if (dataKeyId === null && opens(dataKey, value)) continue;
      count += 1;
      if (broken.length < shown) broken.push(id);
    }
    if (count === 0) return;
    const members = broken.map((id) => (typeof id === 'string' ? id : 'one whose id is no text')).join(', ');
    throw new RingRefused(
      `${count} of the user keys in the database do not open as a classic deployment's with the data key in ApplicationDatas ` +
        `(${members}${count > shown ? ', …' : ''}), so it is not taken over without a word. Repair or delete those rows, or look ` +
        'at them and take the deployment over by `key-connector ring adopt`.',
    );
  }
}

function opens(dataKey: DataKey, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    openClassic(dataKey, value).fill(0);
    return true;
  } catch (error) {
    if (error instanceof OpeningFailure) return false;
    throw error;
  }
}
