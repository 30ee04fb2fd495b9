import type { KeyObject } from 'node:crypto';
import { type KeyEncryptionKey, UnwrapFailed, type WrappedKey } from '@key-connector/crypto-providers';
import { Injectable } from '@nestjs/common';
import { classicDataKeyId, type DataKey, takeSecret } from './data-key.js';
import type { DataKeyWrappingRow } from './entities/data-key-wrapping.entity.js';
import { DataKeyLost, DataKeyUnreadable } from './key-ring.errors.js';
import type { StoredRing } from './key-ring.store.js';

/** Opens wrapped data keys, each once in the life of the process: the provider is asked no more after boot. */
@Injectable()
export class WrappingsOpener {
  private readonly opened = new Map<string, KeyObject>();

  /** Opens every data key; one that does not open is a DataKeyUnreadable that says which, and what to do. */
  async openAll(kek: KeyEncryptionKey, { dataKeyIds, wrappings }: StoredRing): Promise<ReadonlyMap<number, DataKey>> {
    if (dataKeyIds.length === 0) throw new DataKeyLost('There is no data key in the database (DataKeys is empty).');
    const dataKeys = new Map<number, DataKey>();
    for (const id of dataKeyIds) {
      const secret = await this.open(kek, this.rowOf(id, kek, wrappings), damaged(id, kek));
      dataKeys.set(id, { id, secret });
    }
    return dataKeys;
  }

  /** The wrapping of a data key under a key-encryption key; that there is none is a DataKeyUnreadable. */
  wrappingOf(id: number, kek: KeyEncryptionKey, { wrappings }: StoredRing): WrappedKey {
    const { keyReference, algorithm, wrappedKey } = this.rowOf(id, kek, wrappings);
    return { keyReference, algorithm, ciphertext: Buffer.from(wrappedKey, 'base64') };
  }

  /** Opens a classic deployment's wrapping, or throws DataKeyUnreadable. */
  async openClassic(kek: KeyEncryptionKey, wrappedKey: string): Promise<DataKey> {
    const { keyReference, classicAlgorithm: algorithm } = kek;
    const secret = await this.open(kek, { keyReference, algorithm, wrappedKey }, notTheDeploymentsKey(kek));
    return { id: classicDataKeyId, secret };
  }

  /** Takes note of a data key that was made here, and needs no opening. */
  remember(wrappedKey: string, secret: KeyObject): void {
    this.opened.set(wrappedKey, secret);
  }

  private rowOf(id: number, kek: KeyEncryptionKey, wrappings: readonly DataKeyWrappingRow[]): DataKeyWrappingRow {
    const own = wrappings.filter(({ dataKeyId }) => dataKeyId === id);
    const wrapping = own.find(({ kekId }) => kekId === kek.id);
    if (wrapping === undefined) throw new DataKeyUnreadable(notWrapped(id, kek, own));
    return wrapping;
  }

  private async open(
    kek: KeyEncryptionKey,
    { wrappedKey, keyReference, algorithm }: Pick<DataKeyWrappingRow, 'keyReference' | 'algorithm' | 'wrappedKey'>,
    message: string,
  ): Promise<KeyObject> {
    const known = this.opened.get(wrappedKey);
    if (known !== undefined) return known;
    try {
      const ciphertext = Buffer.from(wrappedKey, 'base64');
      const secret = takeSecret(await kek.unwrap({ keyReference, algorithm, ciphertext }));
      this.remember(wrappedKey, secret);
      return secret;
    } catch (error) {
      throw error instanceof UnwrapFailed ? new DataKeyUnreadable(message) : error;
    }
  }
}

const nothingChanged = 'Nothing was changed in the database.';

function notWrapped(id: number, kek: KeyEncryptionKey, wrappings: readonly DataKeyWrappingRow[]): string {
  const others = wrappings.map(({ kekId, keyReference }) => `${kekId} (${keyReference})`).join(', ');
  return (
    `Data key ${id} is not wrapped under the configured key-encryption key ${kek.id} (${kek.description}), ` +
    `but under: ${others || 'no key at all'}. Configure one of those keys. ${nothingChanged}`
  );
}

function damaged(id: number, kek: KeyEncryptionKey): string {
  return (
    `Data key ${id} does not open: its wrapping under ${kek.id} (${kek.description}) in DataKeyWrappings is damaged. ` +
    `Restore that row from a backup. ${nothingChanged}`
  );
}

function notTheDeploymentsKey(kek: KeyEncryptionKey): string {
  return (
    `The data key in ApplicationDatas.SymmetricKey does not open with the configured key-encryption key ${kek.id} ` +
    `(${kek.description}). Either the value is damaged, or this database belongs to another RSA key: configure that ` +
    `one. ${nothingChanged}`
  );
}
