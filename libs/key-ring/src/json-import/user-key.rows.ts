import { parseUserId, type UserId } from '@key-connector/common';
import { Dialect, UserKey } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { type EntityManager, In } from 'typeorm';
import type { SealedKey } from '../sealed-key.js';

/** A member's row, with what the comparison with a file needs. */
export interface StoredRow {
  readonly stored: SealedKey;
  /** When its key was last stored. */
  readonly changed: Date;
}

/** A row to insert; times are `yyyy-MM-dd HH:mm:ss.fffffff` in UTC. */
export interface NewRow {
  readonly id: UserId;
  readonly sealed: SealedKey;
  readonly creationDate: string;
  readonly revisionDate: string | null;
  readonly lastAccessDate: string | null;
}

/** Rows in one statement: with six values each it stays below SQL Server's limit of 2,100 parameters. */
const batchSize = 250;

/** Reads and inserts members' rows by the hundred, inside a transaction of the caller. */
@Injectable()
export class UserKeyRows {
  constructor(private readonly dialect: Dialect) {}

  /** The rows of those members that have one; a GUID is found in either case. */
  async find(manager: EntityManager, ids: readonly UserId[]): Promise<Map<UserId, StoredRow>> {
    const found = new Map<UserId, StoredRow>();
    for (const batch of batches(ids)) {
      const spellings = [...new Set(batch.flatMap((id) => [this.dialect.idText(id), id]))];
      for (const row of await manager.findBy(UserKey, { id: In(spellings) })) {
        const id = parseUserId(row.id);
        const stored = { value: row.value ?? '', dataKeyId: row.dataKeyId };
        if (id !== undefined) found.set(id, { stored, changed: row.revisionDate ?? row.creationDate });
      }
    }
    return found;
  }

  /**
   * Inserts and never overwrites: a row that is there fails the statement, and with it the transaction. In the order of
   * ids, in which a PUT locks rows: neither can wait for the other.
   */
  async insert(manager: EntityManager, rows: readonly NewRow[]): Promise<void> {
    for (const batch of batches(rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)))) {
      await manager
        .createQueryBuilder()
        .insert()
        // By the table's name: the entity's times end at the millisecond.
        .into('UserKeys', ['Id', 'Key', 'DataKeyId', 'CreationDate', 'RevisionDate', 'LastAccessDate'])
        .values(batch.map((row) => this.valuesOf(row)))
        .execute();
    }
  }

  private valuesOf({ id, sealed, creationDate, revisionDate, lastAccessDate }: NewRow): Record<string, unknown> {
    return {
      Id: this.dialect.idText(id),
      Key: sealed.value,
      DataKeyId: sealed.dataKeyId,
      CreationDate: this.cut(creationDate),
      RevisionDate: revisionDate === null ? null : this.cut(revisionDate),
      LastAccessDate: lastAccessDate === null ? null : this.cut(lastAccessDate),
    };
  }

  private cut(time: string): string {
    return time.slice(0, 'yyyy-MM-dd HH:mm:ss.'.length + this.dialect.fractionDigits);
  }
}

function batches<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / batchSize);
  return Array.from({ length: count }, (_, index) => items.slice(index * batchSize, (index + 1) * batchSize));
}
