import type { UserId } from '@key-connector/common';
import { type EntityManager, In, LessThan } from 'typeorm';
import type { Dialect } from '../dialect/dialect.js';
import type { KeptUserKey, StoredUserKey, UserKeyReseal } from '../dialect/user-key.statements.js';
import { UserKey } from './user-key.entity.js';
import { UserKeyHistoryRow } from './user-key-history.entity.js';

/** A row of UserKeyHistory without its value: what may be shown. */
export interface HistoryEntry {
  /** Counted up by the database over all members; an id never comes again. */
  readonly id: number;
  /** Since when the member had this key. */
  readonly since: Date;
  /** When it was replaced or deleted. */
  readonly replaced: Date;
  readonly cause: string;
  /** The data key that it needs; `null` in the classic layout. */
  readonly dataKeyId: number | null;
}

/** What is asked of UserKeyHistory beside requests. Takes the manager of a session or a lock, as `UserKeyRows` does. */
export class UserKeyHistory {
  constructor(private readonly dialect: Dialect) {}

  /** A member's rows, the oldest first; at most `take`. */
  async of(manager: EntityManager, id: UserId, take = 1000): Promise<HistoryEntry[]> {
    const rows = await manager.find(UserKeyHistoryRow, {
      select: { id: true, creationDate: true, replacedDate: true, cause: true, dataKeyId: true },
      where: { userId: In(this.spellings(id)) },
      order: { id: 'ASC' },
      take,
    });
    return rows.map(({ creationDate: since, replacedDate: replaced, cause, dataKeyId, ...row }) => ({
      id: Number(row.id),
      ...{ since, replaced, cause, dataKeyId },
    }));
  }

  /** One of a member's values; `undefined` where the member has none of this number. */
  async value(manager: EntityManager, id: UserId, entry: number): Promise<StoredUserKey | undefined> {
    const row = await manager.findOne(UserKeyHistoryRow, {
      select: { id: true, value: true, dataKeyId: true },
      where: { id: String(entry), userId: In(this.spellings(id)) },
    });
    return row ? { id, value: row.value ?? '', dataKeyId: row.dataKeyId } : undefined;
  }

  /**
   * Moves a member's row into the history, where it holds the expected value; in the caller's transaction. Without
   * `kept` it is gone.
   *
   * @returns whether the row was there.
   */
  async moveRow(
    manager: EntityManager,
    expected: StoredUserKey,
    kept: KeptUserKey | undefined,
    at: number,
  ): Promise<boolean> {
    const { id, value, dataKeyId } = expected;
    const gone = await manager.delete(UserKey, { id: In(this.spellings(id)), value });
    if (gone.affected === 0) return false;
    if (kept === undefined) return true;
    await manager.insert(UserKeyHistoryRow, {
      userId: this.dialect.idText(id),
      value,
      dataKeyId,
      creationDate: new Date(kept.since),
      replacedDate: new Date(at),
      cause: kept.cause,
    });
    await this.remove(manager, kept.expendable);
    return true;
  }

  /**
   * Puts the same key, sealed anew, into a row that holds the expected value; its dates stay.
   *
   * @returns whether the row was as expected.
   */
  async reseal(manager: EntityManager, entry: number | string, { key, expected }: UserKeyReseal): Promise<boolean> {
    const { value, dataKeyId } = key;
    const row = { id: String(entry), value: expected };
    return (await manager.update(UserKeyHistoryRow, row, { value, dataKeyId })).affected !== 0;
  }

  /**
   * Removes all that is kept of a member, the row too; in the caller's transaction. Returns how many values there were.
   */
  async purge(manager: EntityManager, id: UserId): Promise<number> {
    const rows = await manager.delete(UserKey, { id: In(this.spellings(id)) });
    const history = await manager.delete(UserKeyHistoryRow, { userId: In(this.spellings(id)) });
    return (rows.affected ?? 0) + (history.affected ?? 0);
  }

  /** Numbers of rows that were replaced before this time, the oldest first. */
  async replacedBefore(manager: EntityManager, time: Date, take: number): Promise<number[]> {
    const rows = await manager.find(UserKeyHistoryRow, {
      select: { id: true },
      where: { replacedDate: LessThan(time) },
      order: { replacedDate: 'ASC' },
      take,
    });
    return rows.map(({ id }) => Number(id)).toSorted((one, other) => one - other);
  }

  /**
   * Removes rows by their numbers, in the order of the primary key: those who remove the same ones wait for each other
   * shortly.
   */
  async remove(manager: EntityManager, entries: readonly number[]): Promise<void> {
    if (entries.length > 0) await manager.delete(UserKeyHistoryRow, { id: In(entries.map(String)) });
  }

  private spellings(id: UserId): string[] {
    return [...new Set([this.dialect.idText(id), id])];
  }
}
