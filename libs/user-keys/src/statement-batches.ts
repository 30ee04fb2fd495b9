import { type Database, DatabaseRowLocked, DatabaseUnavailable } from '@key-connector/database';

/**
 * Statements of one kind at the same time, in each lane. More would only make batches smaller, and could use up the
 * pool.
 */
const maxRunning = 2;

/** How long what met a lock keeps to the lane of such, in milliseconds. */
const apartMilliseconds = 10_000;

/** How many are remembered to have met a lock: a locked table would fill the memory. */
const mostApart = 10_000;

/** Sends a batch; for each item its result in the same place, or the error that is its own. */
type Run<Item, Result> = (items: readonly Item[]) => Promise<readonly (Result | Error)[]>;

/** What is to be known of items. */
interface Traits<Item> {
  /** The member whose row an item needs. */
  readonly of: (item: Item) => unknown;
  /**
   * Whether an item waits while one about the same is under way, so that an older one is never carried out after a
   * newer one, and a newer one sees what the older one did.
   */
  readonly inOrder: boolean;
  /**
   * Whether the first one of a turn of the event loop goes at once, alone, while nothing runs; else it waits for what
   * else its turn brings, which is worth it where a commit is shared.
   */
  readonly atOnce: boolean;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  /** When it is refused, by `performance.now()`. */
  readonly deadline: number;
  /** Whether it has met a lock, which may have been another one's of its batch. */
  metLock: boolean;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Most items share statements; what meets a lock goes one by one, in a lane of its own, and keeps nobody else. */
type Lane = 'shared' | 'apart';

/**
 * Items that arrive together share one statement, at most `maxBatchSize` of them, in the order in which they came.
 *
 * No added delay: a statement holds what one turn of the event loop brought, and while two run, what came meanwhile.
 * What may go at once waits for nothing while none runs. An item is sent once, and never after it was refused. Only a
 * batch that met a lock, and did nothing, is taken apart: each of its items is sent once more, alone. What meets a lock
 * alone is refused, and for some seconds others about the same begin there.
 *
 * @example
 * const reads = new StatementBatches<UserId, Row | undefined>(database, 500, (ids) => queryAll(ids), {
 *   of: (id) => id,
 *   inOrder: false,
 *   atOnce: true,
 * });
 * const row = await reads.add(id);
 */
export class StatementBatches<Item, Result> {
  /** In the order of their deadlines, since all wait equally long. */
  private waiting: Waiting<Item, Result>[] = [];
  /** What the items that were taken are about. */
  private readonly underWay = new Set<unknown>();
  /** What met a lock alone, and until when it is kept apart. */
  private readonly locked = new Map<unknown, number>();
  private readonly running: Record<Lane, number> = { shared: 0, apart: 0 };
  private scheduled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Pick<Database, 'description' | 'acquireTimeout'>,
    private readonly maxBatchSize: number,
    private readonly run: Run<Item, Result>,
    private readonly traits: Traits<Item>,
  ) {}

  /**
   * The item's result; DatabaseUnavailable when it waits for a place longer than the database's acquire timeout,
   * DatabaseRowLocked when it met a lock alone.
   */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.database.acquireTimeout;
      this.waiting.push({ item, deadline, metLock: false, resolve, reject });
      const isFree = !this.scheduled && this.waiting.length === 1 && this.running.shared === 0;
      if (this.traits.atOnce && isFree) this.sendWaiting();
      this.sendSoon();
    });
  }

  /**
   * Once what else this turn of the event loop brings is here. Also behind an item that went at once, so that one goes
   * in a turn: an embedded database answers within it, and who asks again and again would keep everybody else out.
   */
  private sendSoon(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.sendWaiting();
    });
  }

  private sendWaiting(): void {
    for (const lane of ['shared', 'apart'] as const) {
      while (this.running[lane] < maxRunning) {
        const batch = this.takeBatch(lane);
        if (batch.length === 0) break;
        void this.send(batch, lane);
      }
    }
    this.watchDeadlines();
  }

  /** The items of a lane that have waited longest, but for those that must wait for another one about the same. */
  private takeBatch(lane: Lane): Waiting<Item, Result>[] {
    const { of, inOrder } = this.traits;
    // The common case of reads. Those that have met a lock came first.
    if (!inOrder && this.locked.size === 0 && this.waiting[0]?.metLock !== true)
      return lane === 'shared' ? this.waiting.splice(0, this.maxBatchSize) : [];
    const most = lane === 'shared' ? this.maxBatchSize : 1;
    const batch: Waiting<Item, Result>[] = [];
    const rest: Waiting<Item, Result>[] = [];
    /** Those that were passed over: what comes later about the same must not overtake them in the other lane. */
    const before = new Set<unknown>();
    for (const one of this.waiting) {
      const subject = of(one.item);
      const blocked = inOrder && (this.underWay.has(subject) || before.has(subject));
      if (batch.length >= most || blocked || this.laneOf(one) !== lane) {
        rest.push(one);
        if (inOrder) before.add(subject);
        continue;
      }
      if (inOrder) this.underWay.add(subject);
      batch.push(one);
    }
    this.waiting = rest;
    return batch;
  }

  private laneOf({ item, metLock }: Waiting<Item, Result>): Lane {
    if (metLock) return 'apart';
    if (this.locked.size === 0) return 'shared';
    return (this.locked.get(this.traits.of(item)) ?? 0) > performance.now() ? 'apart' : 'shared';
  }

  private async send(batch: readonly Waiting<Item, Result>[], lane: Lane): Promise<void> {
    this.running[lane] += 1;
    const again: Waiting<Item, Result>[] = [];
    const fail = (one: Waiting<Item, Result>, error: unknown): void => {
      if (error instanceof DatabaseRowLocked && this.goesAgain(one, lane, batch.length)) again.push(one);
      else one.reject(error);
    };
    try {
      const results = await this.run(batch.map(({ item }) => item));
      batch.forEach((one, index) => {
        const result = results[index];
        if (result instanceof Error) fail(one, result);
        // As many results as items; `undefined` may be one.
        else one.resolve(result as Result);
      });
    } catch (error) {
      for (const one of batch) fail(one, error);
    } finally {
      this.running[lane] -= 1;
      if (this.traits.inOrder) for (const { item } of batch) this.underWay.delete(this.traits.of(item));
      if (again.length > 0) this.waiting = [...again, ...this.waiting].sort((a, b) => a.deadline - b.deadline);
      this.sendWaiting();
    }
  }

  /** Whether what met a lock is sent once more: not where it was alone, which shows that the lock is its own. */
  private goesAgain(one: Waiting<Item, Result>, lane: Lane, together: number): boolean {
    if (lane === 'shared' && together > 1) {
      one.metLock = true;
      return one.deadline > performance.now();
    }
    this.keepApart(this.traits.of(one.item));
    return false;
  }

  private keepApart(subject: unknown): void {
    const now = performance.now();
    // The oldest first: each is put at the end anew.
    for (const [old, until] of this.locked) {
      if (until > now && this.locked.size < mostApart) break;
      this.locked.delete(old);
    }
    this.locked.delete(subject);
    this.locked.set(subject, now + apartMilliseconds);
  }

  /** One timer, for the item that has waited longest; none while nothing waits. */
  private watchDeadlines(): void {
    clearTimeout(this.timer);
    const [first] = this.waiting;
    if (first === undefined) return;
    this.timer = setTimeout(() => {
      this.refuseExpired();
    }, first.deadline - performance.now()).unref();
  }

  private refuseExpired(): void {
    const now = performance.now();
    while (this.waiting[0] !== undefined && this.waiting[0].deadline <= now) {
      const error = new DatabaseUnavailable(`${this.database.description} is too slow: requests are piling up.`);
      this.waiting.shift()?.reject(error);
    }
    this.watchDeadlines();
  }
}
