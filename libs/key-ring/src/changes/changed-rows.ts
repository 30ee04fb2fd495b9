import { Injectable } from '@nestjs/common';
import { type EntityManager, In, LessThanOrEqual, MoreThanOrEqual } from 'typeorm';
import { ApplicationDataRow, DataKeyRow, DataKeyWrappingRow } from '../data-keys/data-keys.entity.js';
import { type NewWrapping, RingStore } from '../data-keys/ring-store.js';
import { RingManifestRow } from '../manifest/ring-manifests.entity.js';

/** That a key is wrapped under a key-encryption key: a row of DataKeyWrappings is there. */
export interface Wrapped {
  readonly dataKeyId: number;
  readonly kekId: string;
}

/** What changes of the ring write, each inside of the caller's transaction, under the database's lock. */
@Injectable()
export class ChangedRows {
  constructor(private readonly store: RingStore) {}

  /**
   * Which of these keys are wrapped under which of these key-encryption keys; what else anybody put there is not read.
   */
  async wrapped(manager: EntityManager, ids: readonly number[], kekIds: readonly string[]): Promise<Wrapped[]> {
    return manager.find(DataKeyWrappingRow, {
      select: { dataKeyId: true, kekId: true },
      where: { dataKeyId: In(ids), kekId: In(kekIds) },
    });
  }

  /** Which of these numbers have a row in DataKeys that nobody has vouched for. */
  async taken(manager: EntityManager, ids: readonly number[]): Promise<number[]> {
    return (await manager.find(DataKeyRow, { select: { id: true }, where: { id: In(ids) } })).map(({ id }) => id);
  }

  /** Numbers of data keys that have a row, whoever put it there; at most `take`. */
  async dataKeys(manager: EntityManager, take: number): Promise<number[]> {
    const rows = await manager.find(DataKeyRow, { select: { id: true }, where: { id: MoreThanOrEqual(0) }, take });
    return rows.map(({ id }) => id);
  }

  /** A data key without wrappings yet; an id that is there fails it. */
  async insertDataKey(manager: EntityManager, id: number): Promise<void> {
    await manager.insert(DataKeyRow, { id, creationDate: new Date() });
  }

  /** Puts wrappings in, in place of what stands under the same key-encryption keys: nobody has vouched for that. */
  async putWrappings(manager: EntityManager, wrappings: readonly NewWrapping[]): Promise<void> {
    const creationDate = new Date();
    for (const wrapping of wrappings) {
      const { dataKeyId, kekId } = wrapping;
      await manager.delete(DataKeyWrappingRow, { dataKeyId, kekId });
      await manager.insert(DataKeyWrappingRow, { ...wrapping, creationDate });
    }
  }

  /** Removes every wrapping under a key-encryption key. */
  async removeWrappings(manager: EntityManager, kekId: string): Promise<void> {
    await manager.delete(DataKeyWrappingRow, { kekId });
  }

  /** Removes a data key with its wrappings; a value that needs it, by its column, fails it. */
  async removeDataKey(manager: EntityManager, id: number): Promise<void> {
    await manager.delete(DataKeyWrappingRow, { dataKeyId: id });
    await manager.delete(DataKeyRow, { id });
  }

  /** Puts a data key, wrapped for it, where a classic deployment's own software reads it: into its first row. */
  async putApplicationData(manager: EntityManager, symmetricKey: string): Promise<void> {
    const [first] = await manager.find(ApplicationDataRow, { select: { id: true }, order: { id: 'ASC' }, take: 1 });
    if (first !== undefined) await manager.update(ApplicationDataRow, { id: first.id }, { symmetricKey });
    else await this.store.insertApplicationData(manager, symmetricKey);
  }

  /** Removes the manifests of an identity that counts no more. */
  async removeManifestsUpTo(manager: EntityManager, version: number): Promise<void> {
    await manager.delete(RingManifestRow, { version: LessThanOrEqual(version) });
  }
}
