import type { UserId } from '@key-connector/common';

/** What a read needs of a member's row. */
export interface StoredUserKey {
  readonly id: UserId;
  readonly value: string;
  readonly dataKeyId: number | null;
}

/**
 * The statements on UserKeys that differ by database or must be fast. One round trip each; errors are the driver's own:
 * call them inside `Database.read` or `Database.write`.
 */
export interface UserKeyStatements {
  /** The rows of all given members that have one, in any order; a member's GUID is found in either case. */
  find(ids: readonly UserId[]): Promise<StoredUserKey[]>;
  /** Inserts and never overwrites; `false` when the member has a row already, also when 100 try at once. */
  insert(key: StoredUserKey, now: Date): Promise<boolean>;
  /**
   * Creates or replaces, all of them or none; CreationDate stays, RevisionDate is set where a row was replaced. Each member
   * stands among them once, at most `maxPuts` in all. Give them in the order of their ids: rows are locked in that order.
   */
  put(keys: readonly StoredUserKey[], now: Date): Promise<void>;
  readonly maxPuts: number;
  /**
   * Moves LastAccessDate forward to this time, never back; members without a row are passed over. Replicas that touch the
   * same members at once, do not deadlock.
   */
  touch(ids: readonly UserId[], at: Date): Promise<void>;
}
