import { setTimeout as sleep } from 'node:timers/promises';
import { KeyConnectorError, type UserId } from '@key-connector/common';
import {
  Database,
  DatabaseUnavailable,
  type HistoryCause,
  type SeenUserKey,
  type StoredUserKey,
  type UserKeySwap,
} from '@key-connector/database';
import { KeyRing, RingUnusable } from '@key-connector/key-ring';
import { Injectable } from '@nestjs/common';
import { KeptKeys } from './kept-keys.js';
import { ReplaceGuard } from './replace-guard.js';
import { StatementBatches } from './statement-batches.js';
import { UserKeyAlreadyStored } from './user-keys.errors.js';

/** Also told by operators' commands. */
export const fencedTwice =
  'The database holds another manifest of the ring than this process knows, also after a look for it. Nothing was changed.';

/** A member's key that shall be stored. */
export interface UserKeyWrite {
  readonly id: UserId;
  /** The key itself; the caller's to wipe, once the write has ended. */
  readonly key: Uint8Array;
  /** Whether it must be the member's first; whether an operator puts it back, whom no guard keeps from it. */
  readonly kind: 'first' | 'put' | 'restore';
}

/** What a write did: in a history, the key that it `replaced` can be found. */
export type Stored = 'stored' | 'replaced';

/** How often rows are looked at that others change before we do. */
const attempts = 10;

/**
 * Stores members' keys; those that arrive together share statements and one commit. Of one member's keys that reach
 * this replica, each waits for the one before it, and is judged by what that left.
 *
 * A row is changed only while it is as it was seen, and only until a deadline that the database server's own clock
 * decides. So a write that was given up does not happen later, and never on top of one that was acknowledged after it,
 * whatever is between here and there.
 */
@Injectable()
export class UserKeyWriter {
  private readonly batches: StatementBatches<UserKeyWrite, Stored>;

  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    private readonly guard: ReplaceGuard,
    private readonly kept: KeptKeys,
  ) {
    this.batches = new StatementBatches(database, database.maxSwaps, (writes) => this.storeAll(writes), {
      of: ({ id }) => id,
      inOrder: true,
      atOnce: false,
    });
  }

  /**
   * Resolves when the row is committed, and with it the history's row of another key that it replaced.
   *
   * @throws UserKeyAlreadyStored, UserKeyStoredRecently, DatabaseRowLocked, RingUnusable: nothing was changed.
   * DatabaseUnavailable: it may be done, until `database__statementTimeoutSeconds` after it began.
   */
  store(write: UserKeyWrite): Promise<Stored> {
    return this.batches.add(write);
  }

  private async storeAll(writes: readonly UserKeyWrite[]): Promise<(Stored | Error)[]> {
    const batch = new Batch(this.database, this.ring, this.guard, this.kept, writes);
    await batch.store();
    // Each has its outcome by now.
    return writes.map(({ id }) => batch.outcomes.get(id) ?? new Error('a write without an outcome'));
  }
}

/** What a write does to the row that was seen. */
interface Change {
  readonly write: UserKeyWrite;
  readonly row: SeenUserKey | undefined;
  /**
   * Whether the row's value goes into the history; what takes the place of another key is told as replaced all the
   * same.
   */
  readonly cause: HistoryCause | undefined;
}

/** Writes of different members, until each has its outcome. */
class Batch {
  readonly outcomes = new Map<UserId, Stored | Error>();
  private readonly deadline: number;
  private open: UserKeyWrite[];
  /** What each value was sent for: a row that holds one is a commit whose answer was lost. */
  private readonly sent = new Map<string, Stored>();
  private refused = 0;

  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    private readonly guard: ReplaceGuard,
    private readonly kept: KeptKeys,
    writes: readonly UserKeyWrite[],
  ) {
    this.deadline = performance.now() + database.writeTimeout;
    this.open = [...writes];
  }

  async store(): Promise<void> {
    try {
      await this.storeOpen();
    } catch (error) {
      this.dropSettled();
      // What concerns the database concerns them all; anything else may be one row's own, and must not fail the others.
      if (error instanceof KeyConnectorError || this.open.length === 1) this.failOpen(error);
      else await this.storeOneByOne();
    }
  }

  private async storeOneByOne(): Promise<void> {
    for (const write of this.open) {
      this.open = [write];
      await this.storeOpen().catch((error: unknown) => {
        this.failOpen(error);
      });
    }
  }

  private failOpen(error: unknown): void {
    const failure = error instanceof Error ? error : new Error('unknown', { cause: error });
    for (const { id } of this.open) this.outcomes.set(id, failure);
  }

  private async storeOpen(): Promise<void> {
    for (let attempt = 1; this.open.length > 0; attempt += 1) {
      if (attempt > attempts) throw this.unavailable(`${attempts} tries to write were overtaken by others, or by time`);
      if (attempt > 1) await sleep(Math.random() * 10 * attempt);
      await this.swapOpen();
      this.dropSettled();
    }
  }

  private dropSettled(): void {
    this.open = this.open.filter(({ id }) => !this.outcomes.has(id));
  }

  /** Looks at the rows, and changes those that may be. What another one changed meanwhile stays open. */
  private async swapOpen(): Promise<void> {
    const ids = this.open.map(({ id }) => id);
    const { clock, rows } = await this.database.read(({ userKeys }) => userKeys.look(ids, this.guard.minutes));
    // The server told its time before its answer came here: what is left from then on ends no later than ours.
    const told = performance.now();
    const seen = new Map(rows.map((row) => [row.id, row]));
    const changes: Change[] = [];
    const judge = async (write: UserKeyWrite): Promise<void> => {
      const change = await this.changeOf(write, seen.get(write.id));
      if (typeof change === 'string' || change instanceof Error) this.outcomes.set(write.id, change);
      else changes.push(change);
    };
    // Together: rows under data keys that are not known here share one look for them.
    await Promise.all(this.open.map(judge));
    if (changes.length > 0) await this.swap(changes, clock, told);
  }

  /** Sends changes whose values name one manifest, with the fence that holds them together. */
  private async swap(changes: readonly Change[], clock: number, told: number): Promise<void> {
    const left = this.deadline - performance.now();
    if (left <= 0) throw this.unavailable('a write did not get its turn in time');
    const sealer = this.ring.sealer();
    const swaps: UserKeySwap[] = [];
    for (const { write, row, cause } of changes) {
      const key = sealer.seal(write.id, write.key);
      const kept = row && cause && (await this.kept.of(row, cause, clock));
      swaps.push({ key, expected: row?.value, kept });
      this.sent.set(key.value, cause === undefined ? 'stored' : 'replaced');
    }
    const times = { at: clock, deadline: clock + this.deadline - told };
    const written = await this.database.write(({ userKeys }) =>
      userKeys.swap(swaps.toSorted(byId), times, sealer.fence),
    );
    if (written === 'fenced') await this.follow();
    else if (written !== 'late') for (const { key } of swaps) if (written.has(key.id)) this.settle(key);
  }

  private settle({ id, value }: StoredUserKey): void {
    this.outcomes.set(id, this.sent.get(value) ?? 'stored');
  }

  /** Another manifest counts: looks for it at once, for one more try. */
  private async follow(): Promise<void> {
    this.refused += 1;
    if (this.refused > 1) throw new RingUnusable(fencedTwice);
    await this.ring.refresh();
  }

  private async changeOf(write: UserKeyWrite, row: SeenUserKey | undefined): Promise<Change | Stored | Error> {
    if (row === undefined) return { write, row, cause: undefined };
    const done = this.sent.get(row.value);
    if (done !== undefined) return done;
    if (write.kind === 'first') return new UserKeyAlreadyStored();
    try {
      const relation = await this.guard.judge(row, write.key);
      if (relation === 'young' && write.kind === 'put') return this.guard.refuse();
      const other = relation !== 'same' && row.value !== '';
      return { write, row, cause: other ? (write.kind === 'put' ? 'replaced' : 'restored') : undefined };
    } catch (error) {
      // Its own: the others' rows may be judged.
      if (error instanceof KeyConnectorError) return error;
      throw error;
    }
  }

  private unavailable(what: string): DatabaseUnavailable {
    return new DatabaseUnavailable(`${this.database.description} is too slow: ${what}. Nothing was changed.`);
  }
}

/** The order in which rows are locked. */
const byId = (one: UserKeySwap, other: UserKeySwap): number => (one.key.id < other.key.id ? -1 : 1);
