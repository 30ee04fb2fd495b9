import type { UserId } from '@key-connector/common';
import { Database, type StoredUserKey } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { StatementBatches } from './statement-batches.js';

/** Rows a query; a batch that is full is sent, and the next one begins. */
const maxBatchSize = 500;

/**
 * Reads members' rows; reads that arrive together share one query. One that begins after an acknowledged write sees it.
 */
@Injectable()
export class UserKeyReader {
  private readonly batches: StatementBatches<UserId, StoredUserKey | undefined>;

  constructor(private readonly database: Database) {
    this.batches = new StatementBatches(database, maxBatchSize, (ids) => this.query(ids), {
      of: (id) => id,
      inOrder: false,
      atOnce: true,
    });
  }

  /** The member's row, or `undefined`. */
  read(id: UserId): Promise<StoredUserKey | undefined> {
    return this.batches.add(id);
  }

  private async query(ids: readonly UserId[]): Promise<(StoredUserKey | undefined)[]> {
    const rows = await this.database.read(({ userKeys }) => userKeys.find(ids));
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id));
  }
}
