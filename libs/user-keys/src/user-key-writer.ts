import { setTimeout as sleep } from 'node:timers/promises';
import { KeyConnectorError, type UserId } from '@key-connector/common';
import {
  Database,
  DatabaseUnavailable,
  type SeenUserKey,
  type StoredUserKey,
  type UserKeySwap,
} from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { ReplaceGuard } from './replace-guard.js';
import { StatementBatches } from './statement-batches.js';
import { UserKeyAlreadyStored, UserKeyStoredRecently } from './user-keys.errors.js';

/** A member's key that shall be stored. */
export interface UserKeyWrite {
  readonly sealed: StoredUserKey;
  /** The key itself, for the guard; the caller's to wipe, once the write has ended. */
  readonly key: Uint8Array;
  /** Whether it must be the member's first. */
  readonly first: boolean;
}

/** How often rows are looked at that others change before we do. */
const attempts = 10;

/**
 * Stores members' keys; those that arrive together share statements and one commit. Of one member's keys that reach this
 * replica, each waits for the one before it, and is judged by what that left.
 *
 * A row is changed only while it is as it was seen, and only until a deadline that the database server's own clock decides.
 * So a write that was given up does not happen later, and never on top of one that was acknowledged after it, whatever is
 * between here and there.
 */
@Injectable()
export class UserKeyWriter {
  private readonly batches: StatementBatches<UserKeyWrite, undefined>;

  constructor(
    private readonly database: Database,
    private readonly guard: ReplaceGuard,
  ) {
    this.batches = new StatementBatches(database, database.maxSwaps, (writes) => this.storeAll(writes), {
      of: ({ sealed }) => sealed.id,
      inOrder: true,
    });
  }

  /**
   * Resolves when the row is committed.
   *
   * @throws UserKeyAlreadyStored, UserKeyStoredRecently, DatabaseRowLocked: nothing was changed. DatabaseUnavailable: it may be done, until
   * `database__statementTimeoutSeconds` after it began.
   */
  async store(write: UserKeyWrite): Promise<void> {
    await this.batches.add(write);
  }

  private async storeAll(writes: readonly UserKeyWrite[]): Promise<(Error | undefined)[]> {
    const batch = new Batch(this.database, this.guard, writes);
    await batch.store();
    return writes.map(({ sealed }) => batch.outcomes.get(sealed.id));
  }
}

/** Writes of different members, until each has its outcome. */
class Batch {
  /** `undefined` where the row is committed. */
  readonly outcomes = new Map<UserId, Error | undefined>();
  private readonly deadline: number;
  private open: UserKeyWrite[];

  constructor(
    private readonly database: Database,
    private readonly guard: ReplaceGuard,
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
    for (const { sealed } of this.open) this.outcomes.set(sealed.id, failure);
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
    this.open = this.open.filter(({ sealed }) => !this.outcomes.has(sealed.id));
  }

  /** Looks at the rows, and changes those that may be. What another one changed meanwhile stays open. */
  private async swapOpen(): Promise<void> {
    const ids = this.open.map(({ sealed }) => sealed.id);
    const { clock, rows } = await this.database.read(({ userKeys }) => userKeys.look(ids, this.guard.minutes));
    // The server told its time before its answer came here: what is left from then on ends no later than ours.
    const left = this.deadline - performance.now();
    if (left <= 0) throw this.unavailable('a write did not get its turn in time');
    const seen = new Map(rows.map((row) => [row.id, row]));
    const swaps: UserKeySwap[] = [];
    const judge = async (write: UserKeyWrite): Promise<void> => {
      const { id } = write.sealed;
      const row = seen.get(id);
      const done = row?.value === write.sealed.value;
      const refusal = row === undefined || done ? undefined : await this.refusalOf(write, row);
      if (done || refusal !== undefined) this.outcomes.set(id, refusal);
      else swaps.push({ key: write.sealed, expected: row?.value });
    };
    // Together: rows under data keys that are not known here share one look for them.
    await Promise.all(this.open.map(judge));
    if (swaps.length === 0) return;
    const times = { at: clock, deadline: clock + left };
    const written = await this.database.write(({ userKeys }) => userKeys.swap(swaps.toSorted(byId), times));
    if (written !== 'late') for (const id of written) this.outcomes.set(id, undefined);
  }

  private async refusalOf({ first, key }: UserKeyWrite, row: SeenUserKey): Promise<Error | undefined> {
    if (first) return new UserKeyAlreadyStored();
    try {
      return (await this.guard.admits(row, key)) ? undefined : new UserKeyStoredRecently();
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
