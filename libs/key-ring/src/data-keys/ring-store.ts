import { Database, UserKeyRows } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { type EntityManager, In, type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import { DataKeyUnreadable } from '../key-ring.errors.js';
import { identityRow } from '../manifest/ring-identity.js';
import { ApplicationDataRow, DataKeyRow, DataKeyWrappingRow } from './data-keys.entity.js';

/** Characters of a wrapping at most; one under RSA 4096 takes 684. */
const maxLength = 16 * 1024;

/** Rows that no manifest names, of which so many are told. */
const mostUnnamed = 17;

/** One data key, or the ring's identity, wrapped under one key-encryption key: a row of DataKeyWrappings. */
export interface NewWrapping {
  readonly dataKeyId: number;
  readonly kekId: string;
  readonly keyReference: string;
  readonly algorithm: string;
  /** Base64. */
  readonly wrappedKey: string;
}

/** Which tables hold a row. */
export interface DatabaseContents {
  /** DataKeys or DataKeyWrappings. */
  readonly dataKeys: boolean;
  readonly history: boolean;
  readonly members: boolean;
  /**
   * Base64 of a classic deployment's wrapped data key: empty where its row holds none, undefined where there is no row.
   */
  readonly symmetricKey: string | undefined;
}

/**
 * Reads data keys that are asked for, and inserts; nothing here updates or deletes. What anybody may have put beside
 * them is not read, and of what is read no more than has room in it.
 */
@Injectable()
export class RingStore {
  constructor(
    private readonly database: Database,
    private readonly userKeys: UserKeyRows,
  ) {}

  /** What a database without a manifest holds. */
  async contents(manager: EntityManager): Promise<DatabaseContents> {
    return {
      dataKeys: (await manager.exists(DataKeyRow)) || (await manager.exists(DataKeyWrappingRow)),
      history: await this.userKeys.historyExists(manager),
      members: await this.userKeys.exist(manager),
      symmetricKey: await this.symmetricKey(manager),
    };
  }

  /** Those of these data keys that have a row. */
  async present(manager: EntityManager, ids: readonly number[]): Promise<Set<number>> {
    const rows = await manager.find(DataKeyRow, { select: { id: true }, where: { id: In(ids) } });
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * The wrappings of these data keys under one key-encryption key, base64, by the data key's id.
   *
   * @throws DataKeyUnreadable that names the row of what cannot be a wrapping.
   */
  async wrappings(manager: EntityManager, kekId: string, ids: readonly number[]): Promise<Map<number, string>> {
    const rows = await this.bounded(manager.createQueryBuilder(DataKeyWrappingRow, 'w'), 'w.wrappedKey')
      .addSelect('w.dataKeyId', 'id')
      .where('w.kekId = :kekId', { kekId })
      .andWhere('w.dataKeyId IN (:...ids)', { ids })
      .getRawMany<{ id: number; value: unknown; length: unknown }>();
    return new Map(rows.map((row) => [row.id, textOf(row, 'DataKeyWrappings', 'WrappedKey')]));
  }

  /** Ids of DataKeys that are not among these, at most 17; what is no whole number is left out. */
  async unnamed(manager: EntityManager, ids: readonly number[]): Promise<number[]> {
    const rows = await manager
      .createQueryBuilder(DataKeyRow, 'd')
      .select('d.id', 'id')
      .where('d.id NOT IN (:...ids)', { ids: [identityRow, ...ids] })
      .orderBy('d.id', 'DESC')
      .limit(mostUnnamed)
      .getRawMany<{ id: unknown }>();
    return rows.flatMap(({ id }) => (typeof id === 'number' ? [id] : []));
  }

  /** A classic deployment's wrapped data key: see {@link DatabaseContents}. */
  async symmetricKey(manager: EntityManager): Promise<string | undefined> {
    const row = await this.bounded(manager.createQueryBuilder(ApplicationDataRow, 'a'), 'a.symmetricKey')
      .addSelect('a.id', 'id')
      .orderBy('a.id', 'ASC')
      .limit(1)
      .getRawOne<{ id: number; value: unknown; length: unknown }>();
    if (row === undefined) return undefined;
    return row.length === null ? '' : textOf(row, 'ApplicationDatas', 'SymmetricKey');
  }

  /** Inserts a data key with its wrappings, in the caller's transaction; an id that is there fails it. */
  async insertDataKey(manager: EntityManager, id: number, wrappings: readonly NewWrapping[]): Promise<void> {
    const creationDate = new Date();
    await manager.insert(DataKeyRow, { id, creationDate });
    for (const wrapping of wrappings) await manager.insert(DataKeyWrappingRow, { ...wrapping, creationDate });
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

  private bounded<T extends ObjectLiteral>(query: SelectQueryBuilder<T>, column: string): SelectQueryBuilder<T> {
    const length = this.database.lengthOf(column);
    return query
      .select(`CASE WHEN ${length} <= ${maxLength} THEN ${column} END`, 'value')
      .addSelect(`CASE WHEN ${length} > ${maxLength} THEN ${maxLength + 1} ELSE ${length} END`, 'length');
  }
}

/** What the columns hold may have been written by anybody: SQLite keeps bytes in a column of text. */
function textOf(row: { readonly id: number; readonly value: unknown }, table: string, column: string): string {
  if (typeof row.value === 'string') return row.value;
  const problem = row.value === null ? `must not be longer than ${maxLength} characters` : 'must be text';
  throw new DataKeyUnreadable(
    `${table} holds something else than it should: in the row ${row.id}, ${column} ${problem}. Restore that row from a ` +
      'backup. Nothing was changed in the database.',
  );
}
