import { Database, type StoredUserKey, UserKeyRows } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ApplicationDataRow } from './entities/application-data.entity.js';
import { DataKeyWrappingRow } from './entities/data-key-wrapping.entity.js';
import { DataKeyRow } from './entities/data-key.entity.js';
import { boundPrefix } from './layouts/bound.layout.js';

/** What the database holds of data keys. */
export interface StoredRing {
  readonly dataKeyIds: readonly number[];
  readonly wrappings: readonly DataKeyWrappingRow[];
  /** The row that a classic deployment reads its data key from. */
  readonly applicationData: ApplicationDataRow | undefined;
}

/** Reads and inserts data keys. Nothing here updates or deletes. */
@Injectable()
export class KeyRingStore {
  constructor(
    private readonly database: Database,
    private readonly userKeys: UserKeyRows,
  ) {}

  read(): Promise<StoredRing> {
    return this.reading((manager) => this.readWith(manager));
  }

  /** Runs reads outside of any transaction. */
  reading<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.database.read(({ manager }) => work(manager));
  }

  /** Data keys before wrappings: a data key that is inserted meanwhile is then not seen without its wrapping. */
  async readWith(manager: EntityManager): Promise<StoredRing> {
    const dataKeys = await manager.find(DataKeyRow);
    const wrappings = await manager.find(DataKeyWrappingRow);
    const [applicationData] = await manager.find(ApplicationDataRow, { order: { id: 'ASC' }, take: 1 });
    return { dataKeyIds: dataKeys.map(({ id }) => id), wrappings, applicationData };
  }

  async insertDataKey(manager: EntityManager, wrapping: Omit<DataKeyWrappingRow, 'creationDate'>): Promise<void> {
    const creationDate = new Date();
    await manager.insert(DataKeyRow, { id: wrapping.dataKeyId, creationDate });
    await manager.insert(DataKeyWrappingRow, { ...wrapping, creationDate });
  }

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

  hasUserKeys(manager: EntityManager): Promise<boolean> {
    return this.userKeys.exist(manager);
  }

  hasClassicValues(manager: EntityManager): Promise<boolean> {
    return this.userKeys.existWithoutPrefix(manager, boundPrefix);
  }

  /** The newest stored values, at most `take`. */
  newestValues(manager: EntityManager, take: number): Promise<StoredUserKey[]> {
    return this.userKeys.newest(manager, take);
  }
}
