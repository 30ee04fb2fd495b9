import { type SealedKey } from './sealed-key.js';
import { parseUserId, type UserId } from '@key-connector/common';
import { Database, UserKey } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, IsNull, Like, Not } from 'typeorm';
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
    private readonly source: DataSource,
  ) {}

  read(): Promise<StoredRing> {
    return this.reading((manager) => this.readWith(manager));
  }

  /** Runs reads outside of any transaction. */
  reading<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.database.read(() => work(this.source.manager));
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
    return manager.exists(UserKey);
  }

  hasClassicValues(manager: EntityManager): Promise<boolean> {
    return manager.existsBy(UserKey, { value: Not(Like(`${boundPrefix}%`)) });
  }

  /** The newest stored values, at most `take`. */
  async newestValues(manager: EntityManager, take: number): Promise<{ userId: UserId; stored: SealedKey }[]> {
    const rows = await manager.find(UserKey, {
      select: { id: true, value: true, dataKeyId: true },
      where: { value: Not(IsNull()) },
      order: { creationDate: 'DESC' },
      take,
    });
    return rows.flatMap(({ id, value, dataKeyId }) => {
      const userId = parseUserId(id);
      return userId === undefined || value === null ? [] : [{ userId, stored: { value, dataKeyId } }];
    });
  }
}
