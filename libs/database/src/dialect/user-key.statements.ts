import type { UserId } from '@key-connector/common';

/** A member's row, as far as opening and storing a key goes: the one shape of it in every room. */
export interface StoredUserKey {
  readonly id: UserId;
  /** The column `Key`: a sealed value in the classic or in the bound layout; `''` where the column is NULL. */
  readonly value: string;
  /** The column `DataKeyId`: the data key that the value needs; `null` in the classic layout. */
  readonly dataKeyId: number | null;
}

/**
 * The hot statements on UserKeys: one round trip each, written by hand for each database. `Database.read` and
 * `Database.write` hand them to the work that they run, and nothing else does: so every failure is translated, and a
 * statement is sent again only where that is safe.
 */
export interface UserKeyStatements {
  /** The rows of all given members that have one, in any order; a member's GUID is found in either case. */
  find(ids: readonly UserId[]): Promise<StoredUserKey[]>;
  /** Inserts and never overwrites; `false` when the member has a row already, also when 100 try at once. */
  insert(key: StoredUserKey, now: Date): Promise<boolean>;
  /**
   * Creates or replaces, all of them or none; CreationDate stays, RevisionDate is set where a row was replaced. Each member
   * stands among them once, at most `Database.maxPuts` in all. Give them in the order of their ids: rows are locked in it.
   */
  put(keys: readonly StoredUserKey[], now: Date): Promise<void>;
  /** Rows that one `put` takes at most. */
  readonly maxPuts: number;
  /**
   * Moves LastAccessDate forward to this time, never back; members without a row are passed over. Replicas that touch the
   * same members at once, do not deadlock.
   */
  touch(ids: readonly UserId[], at: Date): Promise<void>;
}
