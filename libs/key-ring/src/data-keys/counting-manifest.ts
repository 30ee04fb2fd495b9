import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RingRefused } from '../key-ring.errors.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { RingLoader, type RingState } from '../manifest/ring-loader.js';
import { formatRingPin } from '../manifest/ring-pin.js';
import type { HeldManifest } from '../manifest/succession.js';

/** A state whose manifest counts. */
export type CountingState = RingState & { readonly held: HeldManifest };

/**
 * The manifest that counts for who holds none yet, by the pins of the settings: for a start, and for an import. Only
 * reads.
 */
@Injectable()
export class CountingManifest {
  constructor(
    private readonly loader: RingLoader,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'identity'>,
  ) {}

  /**
   * `undefined` where there is no row at all, and none that must be there.
   *
   * @throws RingRefused where none counts, or too many could.
   */
  async find(manager: EntityManager): Promise<CountingState | undefined> {
    const state = await this.loader.load(manager, this.settings.identity);
    if (!state.rows && this.settings.identity.length === 0) return undefined;
    const { held } = state;
    if (held === undefined) throw this.noneCounts(state);
    const pin = this.settings.identity.find(({ fingerprint }) => fingerprint === held.identity.fingerprint);
    if (pin !== undefined && held.version < pin.least)
      throw new RingRefused(
        `keyRing__identity asks for version ${pin.least} of the ring's manifest at least, and the database holds version ` +
          `${held.version}: it is an older copy, or somebody put an older manifest back. Restore RingManifests, DataKeys, ` +
          'DataKeyWrappings and UserKeys from one newer backup; only if this copy is all there is, run `key-connector ring adopt`.',
      );
    if (state.unreadable !== undefined)
      throw new RingRefused(
        `Version ${state.unreadable.version} of the ring's manifest is signed by its identity, and cannot be followed from version ` +
          `${held.version} (${state.unreadable.reason}): a newer version of the software wrote it, which is the one to run, or a ` +
          'restore has mixed versions.',
      );
    if (pin === undefined && state.otherRings.length > 0)
      throw new RingRefused(
        `RingManifests holds versions of several rings: ${[held.identity.fingerprint, ...state.otherRings].join(', ')}. Somebody ` +
          'may have put one of them there. Set keyRing__identity to yours, as the line `ready` of earlier starts has it.',
      );
    return { ...state, held };
  }

  private noneCounts({ rows, tooMany, otherRings }: RingState): RingRefused {
    const { identity } = this.settings;
    const pinned = identity.map(formatRingPin).join(', ');
    if (tooMany)
      return new RingRefused(
        'RingManifests holds thousands of rows that are no manifest of this ring. Delete them: genuine versions are few, and ' +
          'have the lowest numbers that a backup has them at. Find out who wrote them.',
      );
    if (identity.length > 0)
      return new RingRefused(
        `keyRing__identity is ${pinned}, and RingManifests holds ${rows ? 'nothing that this ring signed' : 'no row'}` +
          `${otherRings.length > 0 ? `, but versions of ${otherRings.join(', ')}` : ''}. Is it the right database? If it is, restore ` +
          'RingManifests from a backup, or run `key-connector ring adopt --identity`. Was the ring given a new identity (ring rekey)? ' +
          'Set the fingerprint that this command printed, or `ring rekey --prepare` before it, and no other one that stands here. ' +
          'For a new deployment, start once without it.',
      );
    return new RingRefused(
      'RingManifests holds rows, and none that is a signed manifest: it was damaged, or somebody wrote there. Restore it from a ' +
        'backup, or delete its rows and run `key-connector ring adopt`.',
    );
  }
}
