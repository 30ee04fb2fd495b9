import { type StoredUserKey, UserKeyRows } from '@key-connector/database';
import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DataKeyUnreadable, ValueLayoutRefused } from '../key-ring.errors.js';
import { boundPrefix } from '../values/bound.layout.js';
import { classicDataKeyId } from '../values/data-key.js';
import { OpeningFailure } from '../values/opening-failure.js';
import { OpeningFailures } from '../values/opening-failures.js';
import { longestValue, Ring } from '../values/ring.js';

/** Values that a start opens, the newest. */
const newestSize = 8;

/**
 * And of all: where somebody brought half as many as members have, no more than half of such a sample are members' once
 * in 36 million starts. Opening so many takes some milliseconds.
 */
const randomSize = 256;

/** Before the first request: data keys and layout must fit what is stored. Only reads. */
@Injectable()
export class KnownValues {
  private readonly logger = new Logger(KnownValues.name);

  constructor(
    private readonly userKeys: UserKeyRows,
    private readonly failures: OpeningFailures,
  ) {}

  /**
   * The ring to serve with: the given one, or the same with a stricter layout where no classic value can be missed.
   *
   * @throws DataKeyUnreadable when most of the newest values do not open; ValueLayoutRefused when members would be
   * locked out.
   */
  async check(ring: Ring, manager: EntityManager): Promise<Ring> {
    const tightened = await this.tighten(ring, manager);
    await this.openNewest(tightened, manager);
    return tightened;
  }

  /**
   * The ring to serve with, before a value was opened.
   *
   * `bound` takes classic values for those members who have one; once nobody has, a classic value is one that was put
   * there.
   *
   * At a start only, and only where there is a bound value: while replicas are restarted one by one, an older one may
   * still write classic values, and a database without members says nothing about the others. One that runs does not
   * tighten.
   */
  async tighten(ring: Ring, manager: EntityManager): Promise<Ring> {
    if (ring.layout === 'classic') return ring;
    const boundOnly = new Ring(ring.dataKeys, ring.active, 'boundOnly');
    if (!ring.dataKeys.has(classicDataKeyId)) return boundOnly;
    const classicLeft = await this.userKeys.existWithoutPrefix(manager, boundPrefix);
    if (ring.layout === 'boundOnly' && classicLeft)
      throw new ValueLayoutRefused(
        'keyRing__valueLayout is boundOnly, but there are values in the classic layout, whose members would be locked ' +
          'out. Set keyRing__valueLayout to bound until every value has been sealed again.',
      );
    if (ring.layout === 'boundOnly') return ring;
    if (classicLeft || !(await this.userKeys.existWithPrefix(manager, boundPrefix))) return ring;
    this.logger.log({ msg: 'no classic value is left: from now on this replica refuses them (boundOnly)' });
    return boundOnly;
  }

  /**
   * Opens the newest values; finding them reads the whole table.
   *
   * More than half must not fail: a few damaged rows among them must not keep everybody else out, and one good row,
   * which someone may have put there, must not vouch for data keys that open nothing else.
   */
  async openNewest(ring: Ring, manager: EntityManager): Promise<void> {
    const sample = await this.userKeys.newest(manager, newestSize);
    const failed = failedIn(sample, ring, (stored, error) => this.failures.report(stored.id, error));
    this.requireMost({ failed, tried: sample.length, of: 'newest user keys' }, ring, [
      'The log names each member whose key does not open: where those rows alone are damaged, restore or delete them.',
    ]);
  }

  /**
   * The same without a pin, and as many more picked at random: who put a ring of his own there can date any number of
   * rows as the newest, and name his data key by any id; he would have to bring as many values as members have, too.
   */
  async openMost(ring: Ring, manager: EntityManager): Promise<void> {
    await this.openNewest(ring, manager);
    const sample = await this.userKeys.random(manager, { take: randomSize, longest: longestValue });
    const failed = failedIn(sample, ring);
    this.requireMost({ failed, tried: sample.length, of: 'user keys picked at random' }, ring, [
      'Where the ring is yours all the same, as the line `ready` of earlier starts has it, set keyRing__identity to it;',
      '`key-connector doctor --all` names the members whose keys do not open then.',
    ]);
  }

  private requireMost({ failed, tried, of }: Tried, ring: Ring, advice: readonly string[]): void {
    if (failed === 0) return;
    const which = failed === tried ? 'None' : `Only ${tried - failed}`;
    if (failed * 2 > tried)
      throw new DataKeyUnreadable(
        `${which} of the ${tried} ${of} ${which === 'None' ? 'opens' : 'open'} with the data keys of this ` +
          `database (${[...ring.dataKeys.keys()].join(', ')}). Most likely they do not belong together: UserKeys, DataKeys, ` +
          `DataKeyWrappings and ApplicationDatas must come from the same backup. ${advice.join(' ')}`,
      );
    this.logger.error({ msg: 'some stored user keys do not open', failed, tried, of });
  }
}

/** What became of a sample. */
interface Tried {
  readonly failed: number;
  readonly tried: number;
  /** What it is a sample of. */
  readonly of: string;
}

/** How many do not open; nothing of those that do is kept. */
function failedIn(
  sample: readonly StoredUserKey[],
  ring: Ring,
  told: (stored: StoredUserKey, error: OpeningFailure) => void = () => undefined,
): number {
  let failed = 0;
  for (const stored of sample) {
    try {
      ring.open(stored).fill(0);
    } catch (error) {
      if (!(error instanceof OpeningFailure)) throw error;
      told(stored, error);
      failed += 1;
    }
  }
  return failed;
}
