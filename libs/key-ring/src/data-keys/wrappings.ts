import type { KeyObject } from 'node:crypto';
import { type KeyEncryptionKey, UnwrapFailed, type WrappedKey } from '@key-connector/crypto-providers';
import { Injectable } from '@nestjs/common';
import { ClassicKeyUnreadable, DataKeyUnreadable } from '../key-ring.errors.js';
import { classicDataKeyId, type DataKey, takeSecret } from '../values/data-key.js';
import type { StoredRing, StoredWrapping } from './ring-store.js';

/** Opens wrapped data keys, each wrapping once: the provider is asked no more after boot, while the database stays as it is. */
@Injectable()
export class Wrappings {
  /** By the data key's id, which wrapping was opened last, and to what. */
  private readonly opened = new Map<number, { readonly wrappedKey: string; readonly secret: KeyObject }>();

  /**
   * Opens one data key that the database holds.
   *
   * @throws DataKeyUnreadable that says what to do, or an UnavailableError of the provider.
   */
  async open(id: number, kek: KeyEncryptionKey, { wrappings }: StoredRing): Promise<DataKey> {
    return this.unwrap(kek, rowOf(id, kek, wrappings), damaged(id, kek));
  }

  /** How a data key stands in the database under a key-encryption key; that it does not is a DataKeyUnreadable. */
  wrappingOf(id: number, kek: KeyEncryptionKey, { wrappings }: StoredRing): WrappedKey {
    return wrappedKeyOf(rowOf(id, kek, wrappings));
  }

  /** Opens a classic deployment's wrapping, base64, as data key 0; one that does not open is a ClassicKeyUnreadable. */
  async openClassic(kek: KeyEncryptionKey, wrappedKey: string): Promise<DataKey> {
    const { id: kekId, keyReference, classicAlgorithm: algorithm } = kek;
    const wrapping = { dataKeyId: classicDataKeyId, kekId, keyReference, algorithm, wrappedKey };
    return this.unwrap(kek, wrapping, new ClassicKeyUnreadable(kek));
  }

  /** Takes note of a data key that was made here, and needs no opening. */
  remember({ id, secret }: DataKey, wrappedKey: string): void {
    this.opened.set(id, { wrappedKey, secret });
  }

  private async unwrap(kek: KeyEncryptionKey, wrapping: StoredWrapping, failure: DataKeyUnreadable): Promise<DataKey> {
    const { dataKeyId: id, wrappedKey } = wrapping;
    const known = this.opened.get(id);
    if (known?.wrappedKey === wrappedKey) return { id, secret: known.secret };
    try {
      const dataKey = { id, secret: takeSecret(await kek.unwrap(wrappedKeyOf(wrapping))) };
      this.remember(dataKey, wrappedKey);
      return dataKey;
    } catch (error) {
      throw error instanceof UnwrapFailed ? failure : error;
    }
  }
}

function rowOf(id: number, kek: KeyEncryptionKey, wrappings: readonly StoredWrapping[]): StoredWrapping {
  const own = wrappings.filter(({ dataKeyId }) => dataKeyId === id);
  const wrapping = own.find(({ kekId }) => kekId === kek.id);
  if (wrapping !== undefined) return wrapping;
  const others = own.map(({ kekId, keyReference }) => `${kekId} (${keyReference})`).join(', ');
  throw new DataKeyUnreadable(
    `Data key ${id} is not wrapped under the configured key-encryption key ${kek.id} (${kek.description}), ` +
      `but under: ${others || 'no key at all'}. Configure one of those keys. Nothing was changed in the database.`,
  );
}

const wrappedKeyOf = ({ keyReference, algorithm, wrappedKey }: StoredWrapping): WrappedKey => ({
  keyReference,
  algorithm,
  ciphertext: Buffer.from(wrappedKey, 'base64'),
});

const damaged = (id: number, kek: KeyEncryptionKey): DataKeyUnreadable =>
  new DataKeyUnreadable(
    `Data key ${id} does not open: its wrapping under ${kek.id} (${kek.description}) in DataKeyWrappings is damaged. ` +
      'Restore that row from a backup. Nothing was changed in the database.',
  );
