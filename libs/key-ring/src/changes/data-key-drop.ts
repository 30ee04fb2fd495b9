import { Database, SealedValues } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import type { Manifest } from '../manifest/manifest.js';
import type { HeldManifest } from '../manifest/succession.js';
import { valuesUnder } from '../values/bound.layout.js';
import { classicDataKeyId } from '../values/data-key.js';
import { RingChangeRefused } from './changes.errors.js';
import { RingChanges, type RingView } from './ring-changes.js';
import { ChangedRows } from './changed-rows.js';

/** Gives up a data key that nothing needs any more, in steps that can be undone until the last one. */
@Injectable()
export class DataKeyDrop {
  constructor(
    private readonly database: Database,
    private readonly changes: RingChanges,
    private readonly rows: ChangedRows,
    private readonly values: SealedValues,
  ) {}

  /**
   * Marks it as dropped: replicas open and seal nothing with it. Its wrappings stay. Values that were written meanwhile
   * are found by a second count, behind the last write that may have been under way; then it is open again.
   *
   * @throws RingChangeRefused while a value or a row of the history needs it, for the active one, and for data key 0
   * until the layout is boundOnly.
   */
  async drop(seen: RingView, id: number, signal?: AbortSignal): Promise<HeldManifest> {
    this.requireMayDrop(seen, id);
    await this.requireUnneeded(id);
    const dropped = stateOf(seen.held.manifest, id) === 'dropped' ? seen.held : await this.mark(seen, id, 'dropped');
    await this.changes.settle(signal);
    const needed = await this.needing(id);
    if (needed === 0) return dropped;
    await this.undo(await this.changes.look(), id);
    throw new RingChangeRefused(
      `${needed} values were written under data key ${id} while it was dropped, so it is open again. Run key-connector ` +
        'data-key reencrypt, then drop it anew.',
    );
  }

  /**
   * Opens a dropped data key again, as long as its wrapping is there.
   *
   * @throws RingChangeRefused where it is not; DataKeyUnreadable where what stands there is not what the manifest
   * names.
   */
  async undo(seen: RingView, id: number): Promise<HeldManifest> {
    this.requireMayUndo(seen, id);
    return this.mark(seen, id, 'open');
  }

  /**
   * Deletes a dropped data key with its wrappings, for good. The database's foreign keys have the last word.
   *
   * @throws RingChangeRefused as long as it is not dropped, or something needs it.
   */
  async finish(seen: RingView, id: number, signal?: AbortSignal): Promise<HeldManifest> {
    this.requireMayFinish(seen, id);
    // The drop may have been killed before it had waited.
    await this.changes.settle(signal);
    return this.changes.apply(seen, async ({ manager }) => {
      // Once more: a failover may have lost the last values that were sealed anew.
      const needed = await this.values.countNeeding(manager, valuesUnder(id));
      if (needed > 0) throw stillNeeded(id, needed);
      await this.rows.removeDataKey(manager, id);
      return {};
    });
  }

  /** What drop would refuse before it looks at values. */
  requireMayDrop(seen: RingView, id: number): void {
    const { manifest } = seen.held;
    if (stateOf(manifest, id) === undefined)
      throw new RingChangeRefused(
        `There is no data key ${id} in the ring: ${manifest.dataKeys.map((key) => key.id).join(', ')}.`,
      );
    if (manifest.activeDataKeyId === id)
      throw new RingChangeRefused(
        `Data key ${id} is the one that is written with. Run key-connector data-key rotate first.`,
      );
    if (id === classicDataKeyId && manifest.layout !== 'boundOnly')
      throw new RingChangeRefused(
        'Data key 0 opens classic values, which are still taken. Finish key-connector layout upgrade first.',
      );
    if (stateOf(manifest, id) === 'dropped') requireNotDeleted(seen, id);
  }

  /** What undo would refuse before it opens the data key. */
  requireMayUndo(seen: RingView, id: number): void {
    if (stateOf(seen.held.manifest, id) !== 'dropped')
      throw new RingChangeRefused(`Data key ${id} is not dropped, so there is nothing to undo.`);
    requireNotDeleted(seen, id);
  }

  /** What finish would refuse before it looks at values. One that is deleted already is deleted once more. */
  requireMayFinish({ held: { manifest } }: RingView, id: number): void {
    if (stateOf(manifest, id) !== 'dropped')
      throw new RingChangeRefused(`Data key ${id} is not dropped yet: run key-connector data-key drop ${id} first.`);
  }

  /** How many values and rows of the history need a data key, by their headers and by their columns. */
  needing(id: number): Promise<number> {
    return this.database.snapshot((manager) => this.values.countNeeding(manager, valuesUnder(id)));
  }

  private async requireUnneeded(id: number): Promise<void> {
    const needed = await this.needing(id);
    if (needed > 0) throw stillNeeded(id, needed);
  }

  private mark(seen: RingView, id: number, state: 'open' | 'dropped'): Promise<HeldManifest> {
    return this.changes.apply(seen, async (change) => {
      // Every replica must open it then, and its row may be anybody's: of a deleted one the manifest keeps the name.
      if (state === 'open') await change.open(id);
      const { dataKeys } = change.view.held.manifest;
      return { dataKeys: dataKeys.map((dataKey) => (dataKey.id === id ? { ...dataKey, state } : dataKey)) };
    });
  }
}

const stateOf = ({ dataKeys }: Manifest, id: number): 'open' | 'dropped' | undefined =>
  dataKeys.find((dataKey) => dataKey.id === id)?.state;

function requireNotDeleted({ wrapped }: RingView, id: number): void {
  if (!wrapped.some(({ dataKeyId }) => dataKeyId === id))
    throw new RingChangeRefused(
      `The wrappings of data key ${id} were deleted when its drop was finished: it is gone for good.`,
    );
}

const stillNeeded = (id: number, needed: number): RingChangeRefused =>
  new RingChangeRefused(
    `${needed} values or rows of the history still need data key ${id}. Run key-connector data-key reencrypt first; it lists ` +
      'those that do not open, which can be given up by name only (key-connector member delete <id> --purge).',
  );
