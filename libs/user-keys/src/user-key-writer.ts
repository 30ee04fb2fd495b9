import { KeyConnectorError } from '@key-connector/common';
import { Database, type StoredUserKey } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { StatementBatches } from './statement-batches.js';

/**
 * Stores members' rows, new or not; those that arrive together share one statement and one commit. Of one member's keys that
 * reach this replica, the last to arrive stays.
 */
@Injectable()
export class UserKeyWriter {
  private readonly batches: StatementBatches<StoredUserKey, undefined>;

  constructor(private readonly database: Database) {
    this.batches = new StatementBatches(
      database,
      database.maxPuts,
      (keys) => this.putAll(keys),
      ({ id }) => id,
    );
  }

  /** Resolves when the row is committed. */
  async put(key: StoredUserKey): Promise<void> {
    await this.batches.add(key);
  }

  private async putAll(keys: readonly StoredUserKey[]): Promise<(undefined | Error)[]> {
    // Of one member's keys the last to arrive counts, as if they had been stored one after the other.
    const newest = [...new Map(keys.map((key) => [key.id, key])).values()];
    newest.sort((one, other) => (one.id < other.id ? -1 : 1));
    try {
      await this.send(newest);
      return keys.map(() => undefined);
    } catch (error) {
      // What concerns the database concerns them all; anything else may be one row's own, and must not fail the others.
      if (error instanceof KeyConnectorError || newest.length === 1) throw error;
      const outcomes = await this.oneByOne(newest);
      return keys.map(({ id }) => outcomes.get(id));
    }
  }

  private async oneByOne(keys: readonly StoredUserKey[]): Promise<Map<string, Error | undefined>> {
    const outcomes = new Map<string, Error | undefined>();
    for (const key of keys) {
      const failure = await this.send([key]).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error('unknown', { cause: error })),
      );
      outcomes.set(key.id, failure);
    }
    return outcomes;
  }

  private send(keys: readonly StoredUserKey[]): Promise<void> {
    return this.database.write(({ userKeys }) => userKeys.put(keys, new Date()));
  }
}
