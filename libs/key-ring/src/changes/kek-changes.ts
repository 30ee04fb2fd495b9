import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Injectable } from '@nestjs/common';
import type { HeldManifest } from '../manifest/succession.js';
import { classicDataKeyId } from '../values/data-key.js';
import { RingChangeRefused } from './changes.errors.js';
import { byId, serviceEntry, wrapForClassicSoftware } from './kek-wrapper.js';
import { type RingChange, RingChanges, type RingView } from './ring-changes.js';
import { ChangedRows } from './changed-rows.js';

/**
 * Moves a ring from one key-encryption key to another while it serves: `add`, a rolling restart with the new settings,
 * `remove`. In between each replica uses the wrappings that match its own key.
 */
@Injectable()
export class KekChanges {
  constructor(
    private readonly changes: RingChanges,
    private readonly rows: ChangedRows,
  ) {}

  /**
   * Wraps every data key and the identity under one more key of the service; each wrapping is opened again and
   * compared.
   *
   * @throws RingChangeRefused when it is listed already.
   */
  async add(seen: RingView, added: KeyEncryptionKey): Promise<HeldManifest> {
    this.requireMayAdd(seen, added);
    const entry = await serviceEntry(added);
    return this.changes.apply(seen, async (change) => {
      await change.withPlainKeys(async (plain) => {
        for (const each of plain) await change.wrap(each, [entry], [added]);
      });
      return { keks: [...change.view.held.manifest.keks, entry].toSorted(byId) };
    });
  }

  /**
   * Gives up a key-encryption key, with its wrappings. A replica that is still configured with it cannot start
   * again, and writes no more once the ring has a data key that it does not know.
   *
   * @throws RingChangeRefused for one that is not listed, for a recovery key, and for the one of this command's
   * settings: what is left must be seen to open.
   */
  async remove(seen: RingView, id: string): Promise<HeldManifest> {
    this.requireMayRemove(seen, id);
    return this.changes.apply(seen, async (change) => {
      const keks = change.view.held.manifest.keks.filter((kek) => kek.id !== id);
      // What is left must do without it, and no row says who wrote it: all is opened under the key that stays,
      // compared, and wrapped anew under every other one.
      await change.withPlainKeys(async (plain) => {
        for (const each of plain) await change.wrap(each, keks);
      });
      await this.rows.removeWrappings(change.manager, id);
      await this.keepClassicSoftwareGoing(change);
      return { keks };
    });
  }

  /** What add would refuse. */
  requireMayAdd({ held }: RingView, { id, description }: KeyEncryptionKey): void {
    if (held.manifest.keks.some((kek) => kek.id === id))
      throw new RingChangeRefused(`The key-encryption key ${id} (${description}) is one of the ring's already.`);
  }

  /** What remove would refuse. */
  requireMayRemove({ held, kek }: RingView, id: string): void {
    const listed = held.manifest.keks.find((each) => each.id === id);
    if (listed === undefined)
      throw new RingChangeRefused(
        `${id} is none of the ring's key-encryption keys: ${held.manifest.keks.map((each) => each.id).join(', ')}.`,
      );
    if (listed.role === 'recovery')
      throw new RingChangeRefused(
        `${id} is a recovery key, and the ring may come back by nothing else: key-connector recovery remove ${id} removes it.`,
      );
    if (id === kek.id)
      throw new RingChangeRefused(
        `${id} (${kek.description}) is the key-encryption key of these settings. Run this command with the settings of the one ` +
          'that stays, which every replica must have by then.',
      );
  }

  /** While there is a classic data key, its own software finds it under the key that stays. */
  private async keepClassicSoftwareGoing(change: RingChange): Promise<void> {
    const classic = change.view.held.manifest.dataKeys.find(({ id }) => id === classicDataKeyId);
    if (classic?.state !== 'open') return;
    const wrapped = await wrapForClassicSoftware(change.view.kek, await change.open(classic.id));
    await this.rows.putApplicationData(change.manager, wrapped);
  }
}
