import { type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { dataKeyLength, type KeyEncryptionKey, type WrappedKey } from '@key-connector/crypto-providers';
import { Expectation, UserKeyRows } from '@key-connector/database';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DataKeyLost, DataKeyUnreadable } from '../key-ring.errors.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { classicDataKeyId, takeSecret } from '../values/data-key.js';
import { Ring } from '../values/ring.js';
import { resolveLayout } from '../values/value-layout.js';
import { KnownValues } from './known-values.js';
import { RingStore } from './ring-store.js';
import { Wrappings } from './wrappings.js';

const firstBoundDataKeyId = 1;

/** Gives a database its first row in DataKeys: a classic deployment's data key, or a new one. Inserts, never updates. */
@Injectable()
export class FirstDataKey {
  private readonly logger = new Logger(FirstDataKey.name);

  constructor(
    private readonly store: RingStore,
    private readonly wrappings: Wrappings,
    private readonly userKeys: UserKeyRows,
    private readonly expectation: Expectation,
    private readonly knownValues: KnownValues,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /** Call under the database's lock, with its manager; does nothing where another replica was faster. */
  async establish(kek: KeyEncryptionKey, manager: EntityManager): Promise<void> {
    const { dataKeyIds, symmetricKey } = await this.store.readWith(manager);
    if (dataKeyIds.length > 0) return;
    if (symmetricKey !== undefined) return this.adopt(kek, manager, symmetricKey);
    if (await this.userKeys.exist(manager))
      throw new DataKeyLost(
        'There are user keys in the database (UserKeys), but no data key (DataKeys and ApplicationDatas are empty). ' +
          'A new data key could open none of them, so none was created. Restore those tables from a backup.',
      );
    await this.expectation.beforeFirstDataKey(manager);
    return this.create(kek, manager, this.settings.valueLayout === 'classic');
  }

  /** For the classic layout the data key also goes where a classic deployment's own software reads it. */
  private async create(kek: KeyEncryptionKey, manager: EntityManager, classic: boolean): Promise<void> {
    const { secret, wrapped } = await newDataKey(kek, classic ? kek.classicAlgorithm : undefined);
    const wrappedKey = Buffer.from(wrapped.ciphertext).toString('base64');
    const { keyReference, algorithm } = wrapped;
    const dataKeyId = classic ? classicDataKeyId : firstBoundDataKeyId;
    await this.store.insertDataKey(manager, { dataKeyId, kekId: kek.id, keyReference, algorithm, wrappedKey });
    if (classic) await this.store.insertApplicationData(manager, wrappedKey);
    this.wrappings.remember({ id: dataKeyId, secret }, wrappedKey);
    this.logger.log({ msg: 'created the first data key', dataKeyId, keyEncryptionKey: kek.id });
  }

  /**
   * Registers a classic deployment's data key as number 0, once it has opened and is seen to open what is stored: a
   * wrong one would stay registered. Its own row stays as it is.
   */
  private async adopt(kek: KeyEncryptionKey, manager: EntityManager, wrappedKey: string): Promise<void> {
    const { id: kekId, keyReference, classicAlgorithm: algorithm } = kek;
    const dataKey = await this.wrappings.openClassic(kek, wrappedKey);
    const layout = resolveLayout(this.settings.valueLayout, [dataKey.id]);
    await this.knownValues.check(new Ring(new Map([[dataKey.id, dataKey]]), dataKey, layout), manager);
    await this.store.insertDataKey(manager, { dataKeyId: dataKey.id, kekId, keyReference, algorithm, wrappedKey });
    const members = await this.userKeys.count(manager);
    this.logger.log({ msg: 'adopted the data key of a classic deployment', members, keyEncryptionKey: kekId });
  }
}

/** A new data key and its wrapping, which has been opened again and compared before anyone relies on it. */
async function newDataKey(
  kek: KeyEncryptionKey,
  algorithm?: string,
): Promise<{ secret: KeyObject; wrapped: WrappedKey }> {
  const dataKey = randomBytes(dataKeyLength);
  try {
    const wrapped = await kek.wrap(dataKey, algorithm);
    if (!(await opensTo(dataKey, kek, wrapped)))
      throw new DataKeyUnreadable(
        `The key provider (${kek.description}) gave back another data key than it had wrapped.`,
      );
    return { secret: takeSecret(dataKey), wrapped };
  } finally {
    dataKey.fill(0);
  }
}

async function opensTo(dataKey: Buffer, kek: KeyEncryptionKey, wrapped: WrappedKey): Promise<boolean> {
  const reopened = await kek.unwrap(wrapped);
  try {
    return reopened.length === dataKey.length && timingSafeEqual(reopened, dataKey);
  } finally {
    reopened.fill(0);
  }
}
