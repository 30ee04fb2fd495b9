import type { KeyObject } from 'node:crypto';
import { type KeyEncryptionKey, UnwrapFailed, type WrappedKey } from '@key-connector/crypto-providers';
import { Injectable } from '@nestjs/common';
import { ClassicKeyUnreadable, DataKeyUnreadable } from '../key-ring.errors.js';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import type { Manifest, ManifestDataKey, ManifestKek } from '../manifest/manifest.js';
import { classicDataKeyId, type DataKey, takeSecret } from '../values/data-key.js';

/** Opens wrapped data keys. What was opened once is known by its check, so the provider is asked for nothing twice. */
@Injectable()
export class Wrappings {
  /** By the data key's id: what it was last opened to. */
  private readonly opened = new Map<number, KeyObject>();

  /** The data key in memory, where it has the check of the manifest. */
  known({ ring }: Manifest, { id, check }: ManifestDataKey): DataKey | undefined {
    const secret = this.opened.get(id);
    return secret !== undefined && dataKeyCheck({ id, secret }, ring) === check ? { id, secret } : undefined;
  }

  /**
   * What the wrapping of a data key opens to, where that has the check of the manifest.
   *
   * @throws DataKeyUnreadable that says what to do, or an UnavailableError of the provider.
   */
  async open(
    { ring }: Manifest,
    { id, check }: ManifestDataKey,
    kek: KeyEncryptionKey,
    wrapped: WrappedKey,
  ): Promise<DataKey> {
    const dataKey = await this.unwrap(id, kek, wrapped, damaged(id, kek));
    if (dataKeyCheck(dataKey, ring) !== check) throw another(id, ring);
    this.remember(dataKey);
    return dataKey;
  }

  /** Opens a classic deployment's wrapping, base64, as data key 0; one that does not open is a ClassicKeyUnreadable. */
  openClassic(kek: KeyEncryptionKey, wrappedKey: string): Promise<DataKey> {
    const { keyReference, classicAlgorithm: algorithm } = kek;
    const wrapped = wrappedKeyOf({ reference: keyReference, algorithm }, wrappedKey);
    return this.unwrap(classicDataKeyId, kek, wrapped, new ClassicKeyUnreadable(kek));
  }

  /** Takes note of a data key that was made here, and needs no opening. */
  remember({ id, secret }: DataKey): void {
    this.opened.set(id, secret);
  }

  private async unwrap(
    id: number,
    kek: KeyEncryptionKey,
    wrapped: WrappedKey,
    failure: DataKeyUnreadable,
  ): Promise<DataKey> {
    try {
      return { id, secret: takeSecret(await kek.unwrap(wrapped)) };
    } catch (error) {
      throw error instanceof UnwrapFailed ? failure : error;
    }
  }
}

/** A wrapping for its provider: what names the key comes from the manifest, and the row gives the ciphertext alone. */
export const wrappedKeyOf = (
  { reference, algorithm }: Pick<ManifestKek, 'reference' | 'algorithm'>,
  wrappedKey: string,
): WrappedKey => ({ keyReference: reference, algorithm, ciphertext: Buffer.from(wrappedKey, 'base64') });

const damaged = (id: number, kek: KeyEncryptionKey): DataKeyUnreadable =>
  new DataKeyUnreadable(
    `Data key ${id} does not open: its wrapping under ${kek.id} (${kek.description}) in DataKeyWrappings is damaged. ` +
      'Restore that row from a backup. Nothing was changed in the database.',
  );

const another = (id: number, ring: string): DataKeyUnreadable =>
  new DataKeyUnreadable(
    `What DataKeyWrappings holds for data key ${id} opens to another data key than the manifest of the ring ${ring} names: ` +
      'somebody put it there, or tables of two backups were mixed. Restore that row from a backup, and find out who it was. ' +
      'Nothing was changed in the database.',
  );
