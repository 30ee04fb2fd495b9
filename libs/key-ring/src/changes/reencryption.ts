import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId } from '@key-connector/common';
import {
  Database,
  DatabaseRowLocked,
  DatabaseUnavailable,
  fenceHolds,
  type SealedRow,
  type SealedTable,
  sealedTables,
  SealedValues,
  type StoredUserKey,
  UserKeyHistory,
  type UserKeyReseal,
  type ValuesOf,
} from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { UserKeyUnreadable } from '../key-ring.errors.js';
import { KeyRing, type Sealer } from '../key-ring.js';
import { classicValues, valuesUnder } from '../values/bound.layout.js';

/** How often one batch is tried that meets locks, a newer manifest or its deadline. */
const attempts = 10;

/** Members that are named in the result; of more of them only the number counts. */
const mostNamed = 1_000;

/** How far a run is. */
export interface ReencryptionProgress {
  /** Values that this run has sealed anew, in both tables. */
  readonly done: number;
  /** Values to do when the run began; members may add to them, or take some away, meanwhile. */
  readonly total: number;
}

/** What a run came to. */
export interface ReencryptionResult extends ReencryptionProgress {
  /** Values that do not open, and were left as they are. */
  readonly unopened: number;
  /** Whose they are, the first thousand. */
  readonly members: readonly UserId[];
}

/** How a run goes about it. */
export interface ReencryptionOptions {
  /** Values a second at most; 0 for as many as can be. */
  readonly rate: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReencryptionProgress) => void) | undefined;
}

/**
 * Seals every value anew that is not under the active data key, or not in the layout that is written, the history's too, while
 * members go on. A value is replaced only while it is as it was read: the newest PUT always wins. Nothing is remembered: a run that was stopped or killed is gone
 * on with by the next one, and two at once do each other no harm.
 */
@Injectable()
export class Reencryption {
  constructor(
    private readonly database: Database,
    private readonly values: SealedValues,
    private readonly history: UserKeyHistory,
    private readonly ring: KeyRing,
  ) {}

  /** How many values a run would seal anew; reads all of them. The key ring must be loaded. */
  async count(): Promise<number> {
    const { of, tables } = this.target();
    return this.database.read(async ({ manager }) => {
      let count = 0;
      for (const table of tables) count += await this.values.countNotUnder(manager, table, of);
      return count;
    });
  }

  /**
   * Goes through all of them, in an amount of memory that does not depend on their number. The key ring must be loaded.
   *
   * @throws the signal's reason when it is aborted: what is done stays done.
   */
  async run(options: ReencryptionOptions): Promise<ReencryptionResult> {
    const run = new Run(await this.count(), options);
    for (const table of this.target().tables) await this.through(table, run);
    return run.result;
  }

  /**
   * What values are to become, and in which tables. In the classic layout the history stays as it is: classic software does not
   * know it, and what is bound to its member is better left so.
   */
  private target(): { readonly of: ValuesOf; readonly tables: readonly SealedTable[] } {
    const { activeDataKeyId, layout } = this.ring.summary();
    if (layout === 'classic') return { of: classicValues, tables: ['UserKeys'] };
    return { of: valuesUnder(activeDataKeyId), tables: sealedTables };
  }

  /** Reads a page ahead of the one that is being sealed. */
  private async through(table: SealedTable, run: Run): Promise<void> {
    const { of } = this.target();
    const take = table === 'UserKeys' ? this.database.maxSwaps : historyBatch;
    const page = (after: SealedRow['row'] | undefined): Promise<SealedRow[]> =>
      this.database.read(({ manager }) =>
        this.values.pageNotUnder(manager, table, of, { after, take: Math.max(take, 250) }),
      );
    let rows = await page(undefined);
    while (rows.length > 0) {
      run.requireGoingOn();
      const next = page(rows.at(-1)?.row);
      next.catch(() => undefined);
      for (let at = 0; at < rows.length; at += take) {
        run.requireGoingOn();
        const some = rows.slice(at, at + take);
        await run.paced(table === 'UserKeys' ? this.sealServed(some, run) : this.sealKept(some, run));
      }
      rows = await next;
    }
  }

  /** Members' rows: read again, sealed and swapped, as a PUT is. Gives how many were written. */
  private async sealServed(rows: readonly SealedRow[], run: Run): Promise<number> {
    const ids = rows.flatMap(({ userId }) => userId ?? []);
    return this.tried(run, async () => {
      const outcome = await this.swap(ids, run);
      if (outcome !== 'locked') return outcome;
      return ids.length > 1 ? this.sealOneByOne(rows, run) : 'again';
    });
  }

  /** One member's lock keeps no other one's value. */
  private async sealOneByOne(rows: readonly SealedRow[], run: Run): Promise<number> {
    let written = 0;
    for (const row of rows) written += await this.sealServed([row], run);
    return written;
  }

  private async tried(run: Run, work: () => Promise<number | 'again'>): Promise<number> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const written = await work();
      if (written !== 'again') return written;
      await sleep(Math.random() * 100 * attempt);
      run.requireGoingOn();
    }
    throw new DatabaseUnavailable(
      `${this.database.description}: ${attempts} tries to seal values anew met locks, deadlines or other manifests. What is done ` +
        'stays done: run the command again.',
    );
  }

  private async swap(ids: readonly UserId[], run: Run): Promise<number | 'again' | 'locked'> {
    const begun = performance.now();
    const { clock, rows } = await this.database.read(({ userKeys }) => userKeys.look(ids, 0));
    const sealer = this.ring.sealer();
    const reseals: UserKeyReseal[] = [];
    for (const row of rows) {
      const key = await this.sealedAnew(row, sealer, run);
      if (key !== undefined) reseals.push({ key, expected: row.value });
    }
    if (reseals.length === 0) return 0;
    const left = this.database.writeTimeout - (performance.now() - begun);
    const inOrder = reseals.toSorted((one, other) => (one.key.id < other.key.id ? -1 : 1));
    try {
      const written = await this.database.write(({ userKeys }) => userKeys.reseal(inOrder, clock + left, sealer.fence));
      if (written === 'fenced') await this.ring.refresh();
      return typeof written === 'string' ? 'again' : written.size;
    } catch (error) {
      if (error instanceof DatabaseRowLocked) return 'locked';
      throw error;
    }
  }

  /**
   * Rows of the history, under the lock that a command takes to change the ring: no manifest comes between. Nobody else
   * changes such a row, it can only be removed.
   */
  private async sealKept(rows: readonly SealedRow[], run: Run): Promise<number> {
    return this.tried(run, async () => {
      const sealer = this.ring.sealer();
      const written = await this.database.lock(async (manager) => {
        if (!(await fenceHolds(manager, sealer.fence))) return 'again' as const;
        let count = 0;
        for (const { row, userId: id, value, dataKeyId } of rows) {
          const key = id && (await this.sealedAnew({ id, value, dataKeyId }, sealer, run));
          if (key === undefined) continue;
          await this.history.reseal(manager, row, key);
          count += 1;
        }
        return count;
      });
      if (written === 'again') await this.ring.refresh();
      return written;
    });
  }

  /** `undefined` for one that does not open. */
  private async sealedAnew(row: StoredUserKey, sealer: Sealer, run: Run): Promise<StoredUserKey | undefined> {
    let key: Buffer | undefined;
    try {
      key = await this.ring.open(row);
      return sealer.seal(row.id, key);
    } catch (error) {
      if (!(error instanceof UserKeyUnreadable)) throw error;
      run.noteUnopened(row.id);
      return undefined;
    } finally {
      key?.fill(0);
    }
  }
}

/** Rows of the history in one transaction. */
const historyBatch = 100;

/** One going through. */
class Run {
  private done = 0;
  private readonly begun = performance.now();
  private readonly members = new Set<UserId>();
  private unopened = 0;

  constructor(
    private readonly total: number,
    private readonly options: ReencryptionOptions,
  ) {
    options.onProgress?.(this.result);
  }

  get result(): ReencryptionResult {
    return { done: this.done, total: this.total, unopened: this.unopened, members: [...this.members] };
  }

  requireGoingOn(): void {
    this.options.signal?.throwIfAborted();
  }

  noteUnopened(id: UserId): void {
    this.unopened += 1;
    if (this.members.size < mostNamed) this.members.add(id);
  }

  /** Counts what was written, and waits where that was faster than the rate. */
  async paced(written: Promise<number>): Promise<void> {
    this.done += await written;
    const { rate, onProgress, signal } = this.options;
    onProgress?.(this.result);
    if (rate === 0) return;
    const early = (this.done / rate) * 1000 - (performance.now() - this.begun);
    if (early > 0) await sleep(early, undefined, signal && { signal });
  }
}
