import { type KeyEncryptionKey, KeyProvider, type WrappedKey } from '@key-connector/crypto-providers';
import { Database } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import type { DataKey } from './data-key.js';
import { FirstDataKey } from './first.data-key.js';
import { KeyRingStore, type StoredRing } from './key-ring.store.js';
import { WrappingsOpener } from './wrappings.opener.js';

/** The data keys in memory, and the key-encryption key that opened them. */
export interface LoadedDataKeys {
  readonly dataKeys: ReadonlyMap<number, DataKey>;
  readonly kek: KeyEncryptionKey;
  /** How the active data key stands in the database under that key. */
  readonly activeWrapping: WrappedKey;
}

/** Brings the data keys from the database into memory; an empty database gets its first one. */
@Injectable()
export class DataKeysLoader {
  constructor(
    private readonly database: Database,
    private readonly provider: KeyProvider,
    private readonly store: KeyRingStore,
    private readonly first: FirstDataKey,
    private readonly opener: WrappingsOpener,
  ) {}

  /**
   * At least one data key; the common case takes no lock.
   *
   * Throws DataKeyLost or DataKeyUnreadable, both fatal, or an UnavailableError.
   */
  async load(): Promise<LoadedDataKeys> {
    const stored = await this.store.read();
    const kek = await this.openKey(stored);
    if (stored.dataKeyIds.length > 0) return this.openAll(kek, stored);
    await this.establish(kek);
    return this.reload();
  }

  /** The data keys that are there; never makes one. */
  async reload(): Promise<LoadedDataKeys> {
    const stored = await this.store.read();
    return this.openAll(await this.openKey(stored), stored);
  }

  /**
   * A classic deployment's data key counts until it is taken over: from then on its wrapping names its key version.
   *
   * @param imported the wrapped data key that an import brings where there is none.
   */
  openKey({ dataKeyIds, wrappings, applicationData }: StoredRing, imported?: string): Promise<KeyEncryptionKey> {
    const recorded = wrappings.map(({ keyReference }) => keyReference);
    const classic = dataKeyIds.length === 0 ? (applicationData?.symmetricKey ?? imported) : undefined;
    return this.provider.open(recorded, classic ? Buffer.from(classic, 'base64') : undefined);
  }

  private async openAll(kek: KeyEncryptionKey, stored: StoredRing): Promise<LoadedDataKeys> {
    const dataKeys = await this.opener.openAll(kek, stored);
    return { dataKeys, kek, activeWrapping: this.opener.wrappingOf(Math.max(...dataKeys.keys()), kek, stored) };
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
