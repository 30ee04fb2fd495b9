import { Database, DatabaseUnavailable } from '@key-connector/database';
import DataLoader from 'dataloader';

/** Statements of one kind at the same time. More would only make batches smaller, and could use up the pool. */
const maxRunning = 2;

/** Sends a batch; for each item its result in the same place, or the error that is its own. */
type Run<Item, Result> = (items: readonly Item[]) => Promise<readonly (Result | Error)[]>;

interface WaitingBatch {
  readonly send: () => void;
  readonly deadline: NodeJS.Timeout;
}

/**
 * Items that arrive together share one statement. A batch is closed when its statement is sent, never later.
 *
 * No timer: a batch holds what one turn of the event loop brought, and while two statements run, what came meanwhile.
 */
export class StatementBatches<Item, Result> {
  private readonly loader: DataLoader<Item, Result>;
  private readonly waiting: WaitingBatch[] = [];
  private running = 0;
  private expired = false;

  constructor(
    private readonly database: Database,
    maxBatchSize: number,
    private readonly run: Run<Item, Result>,
  ) {
    this.loader = new DataLoader<Item, Result>((items) => this.send(items), {
      cache: false,
      maxBatchSize,
      batchScheduleFn: (send) => {
        setImmediate(() => {
          this.sendOrWait(send);
        });
      },
    });
  }

  /** The item's result; DatabaseUnavailable when its batch waits longer than the acquire timeout. */
  add(item: Item): Promise<Result> {
    return this.loader.load(item);
  }

  private sendOrWait(send: () => void): void {
    if (this.running < maxRunning) {
      send();
      return;
    }
    const batch: WaitingBatch = {
      send,
      deadline: setTimeout(() => {
        this.giveUp(batch);
      }, this.database.acquireTimeout).unref(),
    };
    this.waiting.push(batch);
  }

  private async send(items: readonly Item[]): Promise<readonly (Result | Error)[]> {
    if (this.expired)
      throw new DatabaseUnavailable(`${this.database.description} is too slow: requests are piling up.`);
    this.running += 1;
    try {
      return await this.run(items);
    } finally {
      this.running -= 1;
      this.sendNext();
    }
  }

  private sendNext(): void {
    const next = this.waiting.shift();
    if (!next) return;
    clearTimeout(next.deadline);
    next.send();
  }

  private giveUp(batch: WaitingBatch): void {
    this.waiting.splice(this.waiting.indexOf(batch), 1);
    // DataLoader calls `send` inside `batch.send`: the flag reaches this batch only.
    this.expired = true;
    batch.send();
    this.expired = false;
  }
}
