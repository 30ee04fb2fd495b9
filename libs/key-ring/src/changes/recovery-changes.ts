import { type OpenRecoveryKey, type RecoveryKey, shortId } from '@key-connector/recovery-keys';
import { Injectable } from '@nestjs/common';
import type { ManifestKek } from '../manifest/manifest.js';
import type { HeldManifest } from '../manifest/succession.js';
import { ChangedRows } from './changed-rows.js';
import { RingChangeRefused } from './changes.errors.js';
import { byId } from './kek-wrapper.js';
import { RecoveryOpening, requireRecoveryKey } from './recovery-opening.js';
import { RingChanges, type RingView } from './ring-changes.js';

/**
 * Gives a ring recovery keys, which wrap every data key and the identity beside the service's own, and takes them away.
 */
@Injectable()
export class RecoveryChanges {
  constructor(
    private readonly changes: RingChanges,
    private readonly rows: ChangedRows,
    private readonly opening: RecoveryOpening,
  ) {}

  /**
   * Wraps every data key and the identity under a recovery key, from now on new ones too.
   *
   * @param opened its private half, where it is at hand: each wrapping is read back, opened and compared before it
   * counts.
   * @throws RingChangeRefused when it is listed already.
   */
  async add(seen: RingView, key: RecoveryKey, opened?: OpenRecoveryKey): Promise<HeldManifest> {
    this.requireMayAdd(seen, key);
    const { id, algorithm, publicKey } = key;
    const reference = `recovery-key:${shortId(id)}`;
    const entry: ManifestKek = { id, role: 'recovery', algorithm, reference, publicKey };
    return this.changes.apply(seen, async (change) => {
      const { manifest } = change.view.held;
      const keks = [...manifest.keks, entry].toSorted(byId);
      await change.withPlainKeys(async (plain) => {
        for (const each of plain) await change.wrap(each, [entry]);
      });
      if (opened !== undefined)
        await this.opening.withPlainKeys(change.manager, { ...manifest, keks }, opened, () => Promise.resolve());
      return { keks };
    });
  }

  /**
   * Gives up a recovery key, with its wrappings. Whoever has it, and a backup from before, still opens what is in
   * there.
   *
   * @throws RingChangeRefused for one that is not listed, and for a key of the service; an error where the service's
   * own key does not open everything.
   */
  async remove(seen: RingView, id: string): Promise<HeldManifest> {
    this.requireMayRemove(seen, id);
    return this.changes.apply(seen, async (change) => {
      // The service's key must do without it.
      await change.withPlainKeys(() => Promise.resolve());
      await this.rows.removeWrappings(change.manager, id);
      return { keks: change.view.held.manifest.keks.filter((kek) => kek.id !== id) };
    });
  }

  /** What add would refuse. */
  requireMayAdd({ held }: RingView, { id }: RecoveryKey): void {
    if (held.manifest.keks.some((kek) => kek.id === id))
      throw new RingChangeRefused(`The key ${id} is one of the ring's already.`);
  }

  /** What remove would refuse. */
  requireMayRemove({ held }: RingView, id: string): void {
    requireRecoveryKey(held.manifest, id);
  }
}
