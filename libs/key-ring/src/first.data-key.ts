import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { classicDataKeyId } from './data-key.js';
import { createWrappedDataKey } from './data-key.wrapping.js';
import type { ApplicationDataRow } from './entities/application-data.entity.js';
import { DataKeyLost } from './key-ring.errors.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { KeyRingStore } from './key-ring.store.js';
import { KnownValuesCheck } from './known-values.check.js';
import { Ring } from './ring.js';
import { resolveLayout } from './value-layout.js';
import { WrappingsOpener } from './wrappings.opener.js';

const firstBoundDataKeyId = 1;

/** Gives a database its first row in DataKeys: a classic deployment's data key, or a new one. Inserts, never updates. */
@Injectable()
export class FirstDataKey {
  private readonly logger = new Logger(FirstDataKey.name);

  constructor(
    private readonly store: KeyRingStore,
    private readonly opener: WrappingsOpener,
    private readonly knownValues: KnownValuesCheck,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /** Call under the database's lock, with its manager; does nothing where another replica was faster. */
  async establish(kek: KeyEncryptionKey, manager: EntityManager): Promise<void> {
    const { dataKeyIds, applicationData } = await this.store.readWith(manager);
    if (dataKeyIds.length > 0) return;
    if (applicationData !== undefined) return this.adopt(kek, manager, applicationData);
    if (await this.store.hasUserKeys(manager))
      throw new DataKeyLost(
        'There are user keys in the database (UserKeys), but no data key (DataKeys and ApplicationDatas are empty). ' +
          'A new data key could open none of them, so none was created. Restore those tables from a backup.',
      );
    return this.create(kek, manager, this.settings.valueLayout === 'classic');
  }

  /** For the classic layout the data key also goes where a classic deployment's own software reads it. */
  private async create(kek: KeyEncryptionKey, manager: EntityManager, classic: boolean): Promise<void> {
    const { secret, wrapped } = await createWrappedDataKey(kek, classic ? kek.classicAlgorithm : undefined);
    const wrappedKey = Buffer.from(wrapped.ciphertext).toString('base64');
    const { keyReference, algorithm } = wrapped;
    const dataKeyId = classic ? classicDataKeyId : firstBoundDataKeyId;
    await this.store.insertDataKey(manager, { dataKeyId, kekId: kek.id, keyReference, algorithm, wrappedKey });
    if (classic) await this.store.insertApplicationData(manager, wrappedKey);
    this.opener.remember(wrappedKey, secret);
    this.logger.log({ msg: 'created the first data key', dataKeyId, keyEncryptionKey: kek.id });
  }

  /**
   * Registers a classic deployment's data key as number 0, once it has opened and is seen to open what is stored: a
   * wrong one would stay registered. Its own row stays as it is.
   */
  private async adopt(kek: KeyEncryptionKey, manager: EntityManager, row: ApplicationDataRow): Promise<void> {
    const wrappedKey = row.symmetricKey ?? '';
    const { id: kekId, keyReference, classicAlgorithm: algorithm } = kek;
    const dataKey = await this.opener.openClassic(kek, wrappedKey);
    const layout = resolveLayout(this.settings.valueLayout, [dataKey.id]);
    await this.knownValues.runWith(new Ring(new Map([[dataKey.id, dataKey]]), layout), manager);
    await this.store.insertDataKey(manager, {
      dataKeyId: dataKey.id,
      kekId,
      keyReference,
      algorithm,
      wrappedKey,
    });
    this.logger.log({ msg: 'adopted the data key of a classic deployment', keyEncryptionKey: kekId });
  }
}
