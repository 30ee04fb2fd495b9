import type { UserId } from '@key-connector/common';
import { Database, DatabaseUnavailable, type StoredUserKey } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import DataLoader from 'dataloader';

/** Queries at the same time. More would only make batches smaller, and could use up the pool that writes need too. */
const maxQueries = 2;

/** Rows a query; a batch that is full is sent, and the next one begins. */
const maxBatchSize = 500;

interface WaitingBatch {
  readonly send: () => void;
  readonly deadline: NodeJS.Timeout;
}

/**
 * Reads members' rows; reads that arrive together share one query.
 *
 * A batch is closed when its query is sent, never later: a read that begins after a write was acknowledged sees it.
 */
@Injectable()
export class UserKeyReader {
  private readonly loader = new DataLoader<UserId, StoredUserKey | undefined>((ids) => this.query(ids), {
    cache: false,
    maxBatchSize,
    // After the requests that this turn of the event loop brought: no timer, so no added delay when idle.
    batchScheduleFn: (send) => {
      setImmediate(() => {
        this.sendOrWait(send);
      });
    },
  });
  private readonly waiting: WaitingBatch[] = [];
  private running = 0;
  private expired = false;

  constructor(private readonly database: Database) {}

  /** The member's row, or `undefined`. */
  read(id: UserId): Promise<StoredUserKey | undefined> {
    return this.loader.load(id);
  }

  private sendOrWait(send: () => void): void {
    if (this.running < maxQueries) {
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

  private async query(ids: readonly UserId[]): Promise<(StoredUserKey | undefined)[]> {
    if (this.expired) throw new DatabaseUnavailable(`${this.database.description} is too slow: reads are piling up.`);
    this.running += 1;
    try {
      const rows = await this.database.read(() => this.database.userKeys.find(ids));
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
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
    // DataLoader calls `query` inside `send`: the flag reaches this batch only.
    this.expired = true;
    batch.send();
    this.expired = false;
  }
}
