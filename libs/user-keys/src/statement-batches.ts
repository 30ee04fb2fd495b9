import { type Database, DatabaseUnavailable } from '@key-connector/database';

/** Statements of one kind at the same time. More would only make batches smaller, and could use up the pool. */
const maxRunning = 2;

/** Sends a batch; for each item its result in the same place, or the error that is its own. */
type Run<Item, Result> = (items: readonly Item[]) => Promise<readonly (Result | Error)[]>;

interface Waiting<Item, Result> {
  readonly item: Item;
  /** When it is refused, by `performance.now()`. */
  readonly deadline: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Items that arrive together share one statement, at most `maxBatchSize` of them, in the order in which they came.
 *
 * No added delay: a statement holds what one turn of the event loop brought, and while two run, what came meanwhile. An item
 * is sent at most once, and never after it was refused.
 *
 * @example
 * const reads = new StatementBatches<UserId, Row | undefined>(database, 500, (ids) => queryAll(ids));
 * const row = await reads.add(id);
 */
export class StatementBatches<Item, Result> {
  /** In the order of their deadlines, since all wait equally long. */
  private waiting: Waiting<Item, Result>[] = [];
  /** What the items that were taken are about. */
  private readonly underWay = new Set<unknown>();
  private running = 0;
  private scheduled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Pick<Database, 'description' | 'acquireTimeout'>,
    private readonly maxBatchSize: number,
    private readonly run: Run<Item, Result>,
    /**
     * What an item is about, where order counts: an item waits while one about the same is under way, so that an older one
     * is never carried out after a newer one, and a newer one sees what the older one did.
     */
    private readonly subjectOf?: (item: Item) => unknown,
  ) {}

  /** The item's result; DatabaseUnavailable when it waits for a place longer than the database's acquire timeout. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, deadline: performance.now() + this.database.acquireTimeout, resolve, reject });
      if (this.scheduled) return;
      this.scheduled = true;
      setImmediate(() => {
        this.scheduled = false;
        this.sendWaiting();
      });
    });
  }

  private sendWaiting(): void {
    while (this.running < maxRunning) {
      const batch = this.takeBatch();
      if (batch.length === 0) break;
      void this.send(batch);
    }
    this.watchDeadlines();
  }

  /** The items that have waited longest, but for those that must wait for another one about the same. */
  private takeBatch(): Waiting<Item, Result>[] {
    const { subjectOf } = this;
    if (subjectOf === undefined) return this.waiting.splice(0, this.maxBatchSize);
    const batch: Waiting<Item, Result>[] = [];
    const rest: Waiting<Item, Result>[] = [];
    for (const one of this.waiting) {
      const subject = subjectOf(one.item);
      if (batch.length >= this.maxBatchSize || this.underWay.has(subject)) {
        rest.push(one);
        continue;
      }
      this.underWay.add(subject);
      batch.push(one);
    }
    this.waiting = rest;
    return batch;
  }

  private async send(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.running += 1;
    try {
      const results = await this.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result instanceof Error) reject(result);
        // As many results as items; `undefined` may be one.
        else resolve(result as Result);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.running -= 1;
      if (this.subjectOf) for (const { item } of batch) this.underWay.delete(this.subjectOf(item));
      this.sendWaiting();
    }
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
