import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId } from '@key-connector/common';
import {
  Database,
  DatabaseRowLocked,
  DatabaseUnavailable,
  fenceHolds,
  type RingFence,
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
import { KeyRing } from '../key-ring.js';
import { classicValues, headerOf, valuesUnder } from '../values/bound.layout.js';

/** How often one batch is tried that meets locks, a newer manifest or its deadline. */
const attempts = 10;

/** Members that are named in the result; of more of them only the number counts. */
const mostNamed = 1_000;

/** Data keys that a run keeps in mind; whoever writes the database can make up any number. */
const mostMet = 1_000;

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
  /** Whose they are, the first thousand; the row where its id is no GUID: nobody's. */
  readonly members: readonly string[];
}

/** How a run goes about it. */
export interface ReencryptionOptions {
  /** Values a second at most; 0 for as many as can be. */
  readonly rate: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReencryptionProgress) => void) | undefined;
}

/** What became of a batch that was gone through. */
interface Batch {
  readonly written: number;
  /** Whose values do not open. */
  readonly unopened: readonly UserId[];
}

/** A value that opened, and the same key sealed anew. */
interface SealedAnew<T extends StoredUserKey> {
  readonly from: T;
  readonly key: StoredUserKey;
}

/** A member's value in the history, and the number of its row. */
type KeptValue = StoredUserKey & Pick<SealedRow, 'row'>;

/**
 * Seals every value anew that is not under the active data key, or not in the layout that is written, the history's
 * too, while members go on. A value is replaced only while it is as it was read: the newest PUT always wins. Nothing is
 * remembered: a run that was stopped or killed is gone on with by the next one, and two at once do each other no harm.
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
   * What values are to become, and in which tables. In the classic layout the history stays as it is: classic software
   * does not know it, and what is bound to its member is better left so.
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
        run.noteUnopened(some.flatMap(({ userId, row }) => (userId ? [] : [`the row ${row} of ${table}`])));
        const members = some.flatMap(({ userId: id, ...row }) => (id ? [{ id, ...row }] : []));
        if (members.length === 0) continue;
        await run.paced(table === 'UserKeys' ? this.sealServed(members, run) : this.sealKept(members, run));
      }
      rows = await next;
    }
  }

  /** Members' rows: read again, sealed and swapped, as a PUT is. Gives how many were written. */
  private async sealServed(members: readonly Pick<StoredUserKey, 'id'>[], run: Run): Promise<number> {
    const ids = members.map(({ id }) => id);
    return this.tried(run, async () => {
      const outcome = await this.swap(ids, run);
      if (outcome !== 'locked') return outcome;
      return ids.length > 1 ? { written: await this.sealOneByOne(members, run), unopened: [] } : 'again';
    });
  }

  /** One member's lock keeps no other one's value. */
  private async sealOneByOne(members: readonly Pick<StoredUserKey, 'id'>[], run: Run): Promise<number> {
    let written = 0;
    for (const member of members) written += await this.sealServed([member], run);
    return written;
  }

  private async tried(run: Run, work: () => Promise<Batch | 'again'>): Promise<number> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const batch = await work();
      if (batch !== 'again') {
        run.noteUnopened(batch.unopened);
        return batch.written;
      }
      await sleep(Math.random() * 100 * attempt);
      run.requireGoingOn();
    }
    throw new DatabaseUnavailable(
      `${this.database.description}: ${attempts} tries to seal values anew met locks, deadlines or other manifests. What is done ` +
        'stays done: run the command again.',
    );
  }

  private async swap(ids: readonly UserId[], run: Run): Promise<Batch | 'again' | 'locked'> {
    const begun = performance.now();
    const { clock, rows } = await this.database.read(({ userKeys }) => userKeys.look(ids, 0));
    const { fence, anew, unopened } = await this.sealAnew(rows, run);
    if (anew.length === 0) return { written: 0, unopened };
    const left = this.database.writeTimeout - (performance.now() - begun);
    const reseals = anew.map(({ key, from }): UserKeyReseal => ({ key, expected: from.value }));
    const inOrder = reseals.toSorted((one, other) => (one.key.id < other.key.id ? -1 : 1));
    try {
      const written = await this.database.write(({ userKeys }) => userKeys.reseal(inOrder, clock + left, fence));
      if (written === 'fenced') await this.ring.refresh();
      return typeof written === 'string' ? 'again' : { written: written.size, unopened };
    } catch (error) {
      if (error instanceof DatabaseRowLocked) return 'locked';
      throw error;
    }
  }

  /**
   * Rows of the history, under the lock that a command takes to change the ring: no manifest comes between. They are
   * opened and sealed before it, and replaced only while they are as they were read.
   */
  private async sealKept(rows: readonly KeptValue[], run: Run): Promise<number> {
    return this.tried(run, async () => {
      const { fence, anew, unopened } = await this.sealAnew(rows, run);
      if (anew.length === 0) return { written: 0, unopened };
      try {
        return await this.database.lock(async (manager) => {
          let written = 0;
          for (const { from, key } of anew)
            if (await this.history.reseal(manager, from.row, { key, expected: from.value })) written += 1;
          // At the end: the lock keeps manifests from being added, but not every database has one for us.
          if (!(await fenceHolds(manager, fence))) throw new Fenced();
          return { written, unopened };
        });
      } catch (error) {
        if (!(error instanceof Fenced)) throw error;
        await this.ring.refresh();
        return 'again';
      }
    });
  }

  /**
   * Where rows name data keys that the run has not met, the ring is looked at first, once: they were in a manifest
   * before the rows were written. So made-up ones cost a look a batch at most, and nothing is waited for while a lock
   * is held.
   */
  private async sealAnew<T extends StoredUserKey>(
    rows: readonly T[],
    run: Run,
  ): Promise<{ readonly fence: RingFence; readonly anew: SealedAnew<T>[]; readonly unopened: UserId[] }> {
    if (run.meets(rows)) await this.ring.refresh();
    const sealer = this.ring.sealer();
    const anew: SealedAnew<T>[] = [];
    const unopened: UserId[] = [];
    for (const from of rows) {
      let key: Buffer | undefined;
      try {
        key = this.ring.openAtOnce(from);
        anew.push({ from, key: sealer.seal(from.id, key) });
      } catch (error) {
        if (!(error instanceof UserKeyUnreadable)) throw error;
        unopened.push(from.id);
      } finally {
        key?.fill(0);
      }
    }
    return { fence: sealer.fence, anew, unopened };
  }
}

/** Rolls a transaction back that was sealed under a manifest that no longer counts. */
class Fenced extends Error {}

/** Rows of the history in one transaction. */
const historyBatch = 100;

/** One going through. */
class Run {
  private done = 0;
  private readonly begun = performance.now();
  private readonly members = new Set<string>();
  private readonly met = new Set<number | undefined>();
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

  /** Whether values need data keys that no value before them did; or so many were met that it is not known. */
  meets(rows: readonly StoredUserKey[]): boolean {
    const before = this.met.size;
    for (const { value } of rows) if (this.met.size < mostMet) this.met.add(headerOf(value));
    return this.met.size > before || this.met.size === mostMet;
  }

  noteUnopened(whose: readonly string[]): void {
    this.unopened += whose.length;
    for (const one of whose) if (this.members.size < mostNamed) this.members.add(one);
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
