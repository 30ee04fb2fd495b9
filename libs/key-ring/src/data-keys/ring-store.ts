import { Database } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { DataKeyUnreadable } from '../key-ring.errors.js';
import { ApplicationDataRow, DataKeyRow, DataKeyWrappingRow } from './data-keys.entity.js';

/** Characters of a column at most; a wrapping under RSA 4096 takes 684. */
const maxLength = 16 * 1024;

const text = z
  .string({ error: 'must be text' })
  .max(maxLength, { error: `must not be longer than ${maxLength} characters` });
// 31 bits: what the header of a bound value and its associated data have room for.
const dataKeyId = z
  .int32({ error: 'must be a whole number of 31 bits' })
  .nonnegative({ error: 'must not be negative' });

/** Kept for the ring's own identity, which newer versions will put there: no data key. */
const identityRow = -1;

const dataKeyRow = z.object({ id: dataKeyId });
const wrappingRow = z.object({ dataKeyId, kekId: text, keyReference: text, algorithm: text, wrappedKey: text });
const applicationDataRow = z.object({ id: z.unknown(), symmetricKey: text.nullable() });

/** One data key, wrapped under one key-encryption key: a row of DataKeyWrappings. */
export type StoredWrapping = Readonly<z.output<typeof wrappingRow>>;

/** What the database holds of data keys, every field checked. */
export interface StoredRing {
  readonly dataKeyIds: readonly number[];
  readonly wrappings: readonly StoredWrapping[];
  /** Base64 of a classic deployment's wrapped data key: empty where its row holds none, undefined where there is no row. */
  readonly symmetricKey: string | undefined;
}

/** Reads and inserts data keys. Nothing here updates or deletes. */
@Injectable()
export class RingStore {
  constructor(private readonly database: Database) {}

  /** What is stored now, where members are; throws a DataKeyUnreadable that names table, column and row of what cannot be what it should be. */
  read(): Promise<StoredRing> {
    return this.database.snapshot((manager) => this.readWith(manager));
  }

  /**
   * The same inside a transaction. Data keys before wrappings: a data key that is inserted meanwhile is then not seen without
   * its wrapping. Dates are not read: nothing here depends on them, and what stands there may be anything.
   */
  async readWith(manager: EntityManager): Promise<StoredRing> {
    const dataKeys = await manager.find(DataKeyRow, { select: { id: true } });
    const wrappings = await manager.find(DataKeyWrappingRow, {
      select: { dataKeyId: true, kekId: true, keyReference: true, algorithm: true, wrappedKey: true },
    });
    const [first] = await manager.find(ApplicationDataRow, { order: { id: 'ASC' }, take: 1 });
    return {
      dataKeyIds: dataKeys
        .filter(({ id }) => id !== identityRow)
        .map((row) => check('DataKeys', row.id, dataKeyRow, row).id),
      wrappings: wrappings
        .filter(({ dataKeyId: id }) => id !== identityRow)
        .map((row) => check('DataKeyWrappings', row.dataKeyId, wrappingRow, row)),
      symmetricKey: first && (check('ApplicationDatas', first.id, applicationDataRow, first).symmetricKey ?? ''),
    };
  }

  /** Inserts a data key with its wrapping, in the caller's transaction; an id that is there fails it. */
  async insertDataKey(manager: EntityManager, wrapping: StoredWrapping): Promise<void> {
    const creationDate = new Date();
    await manager.insert(DataKeyRow, { id: wrapping.dataKeyId, creationDate });
    await manager.insert(DataKeyWrappingRow, { ...wrapping, creationDate });
  }

  /** Puts a wrapped data key where a classic deployment's own software reads it. */
  async insertApplicationData(manager: EntityManager, symmetricKey: string): Promise<void> {
    // The id that the database chose is not asked for, which every database would do in another way.
    await manager
      .createQueryBuilder()
      .insert()
      .into(ApplicationDataRow)
      .values({ symmetricKey })
      .updateEntity(false)
      .execute();
  }
}

/** What the columns hold may have been written by anybody: SQLite keeps bytes in a column of text. */
function check<T>(table: string, id: unknown, schema: z.ZodType<T>, row: object): T {
  const result = schema.safeParse(row);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${columnOf(String(path[0]))} ${message}`);
  const which = typeof id === 'number' ? `the row ${id}` : 'a row whose id is no number';
  throw new DataKeyUnreadable(
    `${table} holds something else than it should: in ${which}, ${problems.join(', and ')}. Restore that row from a ` +
      'backup. Nothing was changed in the database.',
  );
}

/** `wrappedKey` is the column WrappedKey. */
const columnOf = (property: string): string => property.charAt(0).toUpperCase() + property.slice(1);
