import { type KeyEncryptionKey, KeyProvider, type WrappedKey } from '@key-connector/crypto-providers';
import { Database } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { DataKeyLost } from '../key-ring.errors.js';
import type { DataKey } from '../values/data-key.js';
import { FirstDataKey } from './first-data-key.js';
import { RingStore, type StoredRing } from './ring-store.js';
import { Wrappings } from './wrappings.js';

/** The data keys in memory, and the key-encryption key that opened them. */
export interface LoadedDataKeys {
  /** At least one, by id. */
  readonly dataKeys: ReadonlyMap<number, DataKey>;
  readonly kek: KeyEncryptionKey;
  /** How the newest data key stands in the database under that key. */
  readonly newestWrapping: WrappedKey;
}

/** Brings the data keys from the database into memory, at a start; an empty database gets its first one. */
@Injectable()
export class DataKeys {
  constructor(
    private readonly database: Database,
    private readonly provider: KeyProvider,
    private readonly store: RingStore,
    private readonly first: FirstDataKey,
    private readonly wrappings: Wrappings,
  ) {}

  /**
   * At least one data key; the common case takes no lock.
   *
   * @throws DataKeyLost or DataKeyUnreadable, both fatal, or an UnavailableError.
   */
  async load(): Promise<LoadedDataKeys> {
    const stored = await this.store.read();
    const kek = await this.openKey(stored);
    if (stored.dataKeyIds.length > 0) return this.openAll(kek, stored);
    await this.establish(kek);
    const established = await this.store.read();
    return this.openAll(await this.openKey(established), established);
  }

  /** Opens every data key of the database; the first that does not open is a DataKeyUnreadable. */
  async openAll(kek: KeyEncryptionKey, stored: StoredRing): Promise<LoadedDataKeys> {
    if (stored.dataKeyIds.length === 0)
      throw new DataKeyLost('There is no data key in the database (DataKeys is empty).');
    const dataKeys = new Map<number, DataKey>();
    for (const id of stored.dataKeyIds) dataKeys.set(id, await this.wrappings.open(id, kek, stored));
    return { dataKeys, kek, newestWrapping: this.wrappings.wrappingOf(Math.max(...dataKeys.keys()), kek, stored) };
  }

  /**
   * The configured key-encryption key. A classic deployment's data key counts until it is taken over: from then on its
   * wrapping names its key version.
   *
   * @param imported the wrapped data key, base64, that an import brings where there is none.
   */
  openKey({ dataKeyIds, wrappings, symmetricKey }: StoredRing, imported?: string): Promise<KeyEncryptionKey> {
    const recorded = wrappings.map(({ keyReference }) => keyReference);
    const classic = dataKeyIds.length === 0 ? [symmetricKey, imported].find(Boolean) : undefined;
    return this.provider.open(recorded, classic ? Buffer.from(classic, 'base64') : undefined);
  }

  /** The lock keeps others out; should it ever fail to, the primary key decides and the loser reads the winner's. */
  private async establish(kek: KeyEncryptionKey): Promise<void> {
    try {
      await this.database.lock((manager) => this.first.establish(kek, manager));
    } catch (error) {
      const { dataKeyIds } = await this.store.read();
      if (dataKeyIds.length === 0) throw error;
    }
  }
}
