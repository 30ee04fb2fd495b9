import type { UserId } from '@key-connector/common';

/** A member's row, as far as opening and storing a key goes: the one shape of it in every room. */
export interface StoredUserKey {
  readonly id: UserId;
  /** The column `Key`: a sealed value in the classic or in the bound layout; `''` where the column is NULL. */
  readonly value: string;
  /** The column `DataKeyId`: the data key that the value needs; `null` in the classic layout. */
  readonly dataKeyId: number | null;
}

/** When a member is served, and how old LastAccessDate may be then, in milliseconds; 0: as old as the access itself. */
export interface Access {
  readonly at: Date;
  readonly resolution: number;
}

/** A member's row as a read finds it. */
export interface FoundUserKey extends StoredUserKey {
  /** Whether LastAccessDate stands for the access that was named; there only where one was. */
  readonly dateStands?: boolean;
}

/**
 * How far ahead of a replica's clock a date may be that another replica wrote, in milliseconds. Access tokens live for
 * an hour, so a replica whose clock is further off serves nobody: what is later still is no date of an access, and
 * would otherwise stay until its day has come.
 */
const furthestAhead = 3_600_000;

/** The first and the last date that stand for an access; what is older or later, or missing, is written anew. */
export const standingDates = ({ at, resolution }: Access): [from: Date, until: Date] => [
  new Date(at.getTime() - resolution),
  new Date(at.getTime() + furthestAhead),
];

/** A member's row, and what a swap has to know beside it. */
export interface SeenUserKey extends StoredUserKey {
  /**
   * Whether RevisionDate, else CreationDate, is less than the given minutes away from the database server's clock. A
   * date that is missing, or lies further in the future, tells nothing.
   */
  readonly young: boolean;
  /**
   * Since when the member has this key, or one that was sealed anew: CreationDate, or when the last key that is kept in
   * the history was replaced, whatever is later. Milliseconds since 1970; may be anything, or `null`, where columns
   * hold no time.
   */
  readonly since: number | null;
  /** Rows of this member in UserKeyHistory. */
  readonly kept: number;
}

/** What stood in some members' rows, and when. */
export interface UserKeysSeen {
  /** Milliseconds since 1970 by the database server's clock; no later than the answer left the server. */
  readonly clock: number;
  /** The rows of all given members that have one, in any order. */
  readonly rows: readonly SeenUserKey[];
}

/**
 * Why a value stands in UserKeyHistory: another key was put by the member, or put back by an operator, or the row was
 * deleted.
 */
export type HistoryCause = 'replaced' | 'restored' | 'deleted';

/** What a swap keeps of the value that it replaces, as a row of UserKeyHistory. */
export interface KeptUserKey {
  /** The data key that the value needs, as its row named it. */
  readonly dataKeyId: number | null;
  /** Since when the member had this key, in milliseconds since 1970. */
  readonly since: number;
  readonly cause: HistoryCause;
  /** Numbers of the member's rows of UserKeyHistory that make room for it. */
  readonly expendable: readonly number[];
}

/** A change of one member's row, which is done only while the row is as it was seen. */
export interface UserKeySwap {
  readonly key: StoredUserKey;
  /** The value that the row must hold; `undefined`: there must be no row. */
  readonly expected: string | undefined;
  /** Keeps the expected value in the history where, and only where, it is replaced. */
  readonly kept?: KeptUserKey | undefined;
}

/** A member's key sealed anew: the same key, so its dates stay, and nothing is kept of what it replaces. */
export interface UserKeyReseal {
  readonly key: StoredUserKey;
  /** The value that the row must hold. A row that is gone stays gone. */
  readonly expected: string;
}

/** Times of a swap: milliseconds since 1970 by the database server's clock, as {@link UserKeysSeen} gave it. */
export interface SwapTimes {
  /** What CreationDate or RevisionDate is set to. */
  readonly at: number;
  /** When the server must have written; from then on it changes nothing. */
  readonly deadline: number;
}

/** A row of RingManifests, as far as telling it from others goes. */
export interface ManifestVersion {
  readonly version: number;
  readonly signature: string;
}

/**
 * The ring's manifest that values were sealed under. A statement that writes one changes nothing unless that version is
 * there with that signature, and no higher one but those that were judged not authentic.
 */
export interface RingFence extends ManifestVersion {
  /** Rows above that count for nothing, at most 16. */
  readonly passedOver: readonly ManifestVersion[];
}

/** Rows of RingManifests that a fence looks at: the one that is named, those that are passed over, and one more. */
export const fenceRows = 18;

/** Why a swap wrote nothing at all: its deadline was over, or the ring's manifest is not the one that it names. */
export type SwapRefusal = 'late' | 'fenced';

/**
 * How long any statement that writes a value may take at most, in milliseconds, whatever a replica's settings say: a
 * command that changes the ring waits for the last of them.
 */
export const longestWrite = 10_000;

/**
 * How long a statement on several members' rows waits for a lock at most, in milliseconds: well below its deadline, so
 * that one member whose row is held by another session costs the others little.
 */
export const lockWait = (statementMilliseconds: number): number =>
  Math.min(1000, Math.floor(statementMilliseconds / 2));

/**
 * The hot statements on UserKeys: one round trip each, written by hand for each database. `Database.read` and
 * `Database.write` hand them to the work that they run, and nothing else does: so every failure is translated, and a
 * statement is sent again only where that is safe.
 */
export interface UserKeyStatements {
  /**
   * The rows of all given members that have one, in any order; a member's GUID is found in either case. With an access,
   * the database says of each row whether its LastAccessDate stands.
   */
  find(ids: readonly UserId[], access?: Access): Promise<FoundUserKey[]>;
  /** The rows, and the database server's clock: what a swap has to know. */
  look(ids: readonly UserId[], youngMinutes: number): Promise<UserKeysSeen>;
  /**
   * Creates or replaces each row that is as it was expected, and leaves the others alone; CreationDate and
   * LastAccessDate stay, RevisionDate is set where a row was replaced. Each member stands among the swaps once, at most
   * `Database.maxSwaps` in all. Give them in the order of their ids: rows are locked in it.
   *
   * Writes, a look at the server's clock behind them and the commit go to the server as one message: whatever they
   * waited for, and whatever became of the connection meanwhile, nothing is committed whose writes ended after the
   * deadline. A lock is waited for no longer than {@link lockWait}: then nothing is done, and the error means `locked`.
   *
   * The fence is looked at on the server, behind the message's begin, in its transaction. So a message that begins once
   * a newer manifest can be read there writes nothing, and one that had begun before has written by its deadline or
   * never: when the longest deadline has gone by since a manifest can be read everywhere, nothing that was sealed under
   * an older one is written any more. No clock but the database server's has a say in it.
   *
   * @returns the members whose row was written, maybe none; or why nothing was.
   */
  swap(swaps: readonly UserKeySwap[], times: SwapTimes, fence: RingFence): Promise<ReadonlySet<UserId> | SwapRefusal>;
  /**
   * Replaces the value of each row that is as it was expected, and leaves all else as it is; otherwise as `swap`.
   *
   * @param deadline as that of a swap.
   */
  reseal(
    reseals: readonly UserKeyReseal[],
    deadline: number,
    fence: RingFence,
  ): Promise<ReadonlySet<UserId> | SwapRefusal>;
  /** Rows that one `swap` or `reseal` takes at most. */
  readonly maxSwaps: number;
  /**
   * Sets LastAccessDate to the time of the access where the stored one does not stand: forward, and never back but from
   * a time that no access can have had. Members without a row are passed over. Replicas that touch the same members at
   * once, do not deadlock. It has no deadline: done late, it does what it would have done in time.
   */
  touch(ids: readonly UserId[], access: Access): Promise<void>;
  /** Members in one `touch`: as many as reads beside it do not feel, and enough that the statement costs little. */
  readonly maxTouched: number;
}
