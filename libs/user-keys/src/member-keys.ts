import { timingSafeEqual } from 'node:crypto';
import type { UserId } from '@key-connector/common';
import {
  Database,
  DatabaseUnavailable,
  fenceHolds,
  type HistoryEntry,
  type SeenUserKey,
  type StoredUserKey,
  UserKeyHistory,
} from '@key-connector/database';
import { KeyRing, RingUnusable } from '@key-connector/key-ring';
import { Injectable } from '@nestjs/common';
import { KeptKeys } from './kept-keys.js';
import { MemberUnknown, ReplacedKeyRefused } from './user-keys.errors.js';
import { fencedTwice, UserKeyWriter } from './user-key-writer.js';

/** What is kept of a member; never a key. */
export interface MemberHistory {
  /** The key that the member has: since when, and the data key that it is sealed under (`null`: classic layout). */
  readonly current: { readonly since: Date | null; readonly dataKeyId: number | null } | undefined;
  /** Keys that it replaced, the oldest first. */
  readonly replaced: readonly HistoryEntry[];
}

/** How an operator's command on one member goes. */
export interface MemberKeysOptions {
  /** Everything but the change. */
  readonly dryRun?: boolean;
}

/** How often a row is looked at that others change meanwhile. */
const attempts = 10;

/**
 * What an operator does with one member's keys, beside the service and while it serves. Needs a loaded key ring.
 *
 * @example
 * const { replaced } = await memberKeys.history(id);
 * await memberKeys.restore(id, replaced[0].id);
 */
@Injectable()
export class MemberKeys {
  constructor(
    private readonly database: Database,
    private readonly rows: UserKeyHistory,
    private readonly ring: KeyRing,
    private readonly kept: KeptKeys,
    private readonly writer: UserKeyWriter,
  ) {}

  /** What there is of a member. */
  async history(id: UserId): Promise<MemberHistory> {
    const { row } = await this.look(id);
    const replaced = await this.database.read(({ manager }) => this.rows.of(manager, id));
    const since = row?.since == null ? null : new Date(row.since);
    return { current: row && { since, dataKeyId: row.dataKeyId }, replaced };
  }

  /**
   * Puts a key of the history back, sealed anew under the active data key. What it replaces goes into the history, so
   * this can be undone by another restore. Resolves to `same`, and changes nothing, where the member has this key
   * already.
   *
   * Nothing ties a classic value to its member: whoever writes the database can put another member's key there, or a
   * key that he knows. So one is taken only with `unbound`, by an operator who knows why.
   *
   * @param entry a number of {@link MemberHistory.replaced}
   * @throws ReplacedKeyRefused, UserKeyUnreadable, RingUnusable: nothing was changed.
   */
  async restore(
    id: UserId,
    entry: number,
    { unbound = false, dryRun = false }: MemberKeysOptions & { readonly unbound?: boolean } = {},
  ): Promise<'restored' | 'same'> {
    this.ring.requireLoaded();
    const value = await this.database.read(({ manager }) => this.rows.value(manager, id, entry));
    if (value === undefined) throw new ReplacedKeyRefused(id, entry, 'the member has no replaced key of this number');
    if (!isBound(value) && !unbound) {
      throw new ReplacedKeyRefused(
        id,
        entry,
        'its value is in the classic layout, in which nothing ties it to this member: whoever can write the database could ' +
          'have put it there. If you know that it is this member’s key, add --unbound',
      );
    }
    const key = await this.ring.open(value);
    try {
      const { row } = await this.look(id);
      if (row !== undefined && (await this.holds(row, key))) return 'same';
      if (!dryRun) await this.writer.store({ id, key, kind: 'restore' });
      return 'restored';
    } finally {
      key.fill(0);
    }
  }

  /**
   * Deletes a member's row. Its value goes into the history, from which `restore` brings it back; with `purge` the
   * history goes too, and nothing is left to bring back.
   *
   * @returns how many values were moved or removed.
   * @throws MemberUnknown where there is nothing.
   */
  async delete(
    id: UserId,
    { purge = false, dryRun = false }: MemberKeysOptions & { readonly purge?: boolean } = {},
  ): Promise<number> {
    const { current, replaced } = await this.history(id);
    const there = (current === undefined ? 0 : 1) + (purge ? replaced.length : 0);
    if (there === 0) throw new MemberUnknown(id);
    if (dryRun) return there;
    if (purge) return this.database.lock((manager) => this.rows.purge(manager, id));
    for (let attempt = 1; attempt <= attempts; attempt += 1) if (await this.moveRow(id)) return 1;
    throw new DatabaseUnavailable('The member’s key changes all the time. Nothing was deleted.');
  }

  /** Whether the row was moved: not where it changed meanwhile. */
  private async moveRow(id: UserId): Promise<boolean> {
    const { row, clock } = await this.look(id);
    if (row === undefined) throw new MemberUnknown(id);
    const { fence } = this.ring.sealer();
    const kept = await this.kept.of(row, 'deleted', clock);
    const outcome = await this.database.lock(async (manager) => {
      if (!(await fenceHolds(manager, fence))) return 'fenced';
      return this.rows.moveRow(manager, row, kept, clock);
    });
    if (outcome !== 'fenced') return outcome;
    await this.ring.refresh();
    if (this.ring.sealer().fence.version === fence.version) throw new RingUnusable(fencedTwice);
    return false;
  }

  private async look(id: UserId): Promise<{ row: SeenUserKey | undefined; clock: number }> {
    const { clock, rows } = await this.database.read(({ userKeys }) => userKeys.look([id], 0));
    return { row: rows[0], clock };
  }

  private async holds(row: StoredUserKey, key: Uint8Array): Promise<boolean> {
    const stored = await this.ring.open(row).catch(() => undefined);
    try {
      return stored?.length === key.length && timingSafeEqual(stored, key);
    } finally {
      stored?.fill(0);
    }
  }
}

/** By the header, which is what counts: a column can be emptied. */
const isBound = ({ value }: StoredUserKey): boolean => value.startsWith('kc2.');
