import type { UserId } from '@key-connector/common';
import { Database, type FoundUserKey } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { AccessRecorder } from './access-recorder.js';
import { StatementBatches } from './statement-batches.js';

/** Rows a query; a batch that is full is sent, and the next one begins. */
const maxBatchSize = 500;

/**
 * Reads members' rows; reads that arrive together share one query. One that begins after an acknowledged write sees it.
 */
@Injectable()
export class UserKeyReader {
  private readonly batches: StatementBatches<UserId, FoundUserKey | undefined>;

  constructor(
    private readonly database: Database,
    private readonly accesses: AccessRecorder,
  ) {
    this.batches = new StatementBatches(database, maxBatchSize, (ids) => this.query(ids), {
      of: (id) => id,
      inOrder: false,
      atOnce: true,
    });
  }

  /** The member's row, or `undefined`. */
  read(id: UserId): Promise<FoundUserKey | undefined> {
    return this.batches.add(id);
  }

  private async query(ids: readonly UserId[]): Promise<(FoundUserKey | undefined)[]> {
    const rows = await this.database.read(({ userKeys }) => userKeys.find(ids, this.accesses.now()));
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id));
  }
}
