import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Expectation, UserKeyRows } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { openClassic } from '../values/classic.layout.js';
import type { DataKey } from '../values/data-key.js';
import { Ring } from '../values/ring.js';
import { resolveLayout } from '../values/value-layout.js';
import { DataKeys } from './data-keys.js';
import { FirstDataKey } from './first-data-key.js';
import { RingStore, type StoredRing } from './ring-store.js';
import { Wrappings } from './wrappings.js';

/** The data key of a classic deployment, which opens that deployment's values and, maybe, no row of this database. */
export class ClassicKey {
  constructor(
    private readonly dataKey: DataKey,
    /** Base64, as the deployment keeps it. */
    readonly wrapped: string,
    /** What opened it. */
    readonly kek: KeyEncryptionKey,
  ) {}

  /** Decrypts a value in the classic layout, base64; the caller wipes the result. Throws an OpeningFailure. */
  open(value: string): Buffer {
    return openClassic(this.dataKey, value);
  }

  /** Whether a ring writes values as that deployment did, so that they can stand in its database as they are. */
  isActiveIn({ active, layout }: Ring): boolean {
    return layout === 'classic' && active.id === this.dataKey.id && active.secret.equals(this.dataKey.secret);
  }
}

/**
 * For an import: opens a classic deployment's data key, and gives the ring that its members' keys are to be sealed with.
 *
 * @example
 * const key = await classicKeys.open(file.symmetricKey);
 * await database.lock(async (manager) => {
 *   const ring = await classicKeys.ringOrAdopt(key, manager);
 *   const row = key.isActiveIn(ring) ? { id, value, dataKeyId: null } : ring.seal(id, key.open(value));
 *   …
 * });
 */
@Injectable()
export class ClassicKeys {
  constructor(
    private readonly store: RingStore,
    private readonly dataKeys: DataKeys,
    private readonly wrappings: Wrappings,
    private readonly first: FirstDataKey,
    private readonly userKeys: UserKeyRows,
    private readonly expectation: Expectation,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /**
   * Opens a wrapped data key, base64, with the configured key-encryption key. Only reads.
   *
   * @throws ClassicKeyUnreadable when it does not open; an UnavailableError when it is worth another try.
   */
  async open(wrapped: string): Promise<ClassicKey> {
    const kek = await this.dataKeys.openKey(await this.store.read(), wrapped);
    return new ClassicKey(await this.wrappings.openClassic(kek, wrapped), wrapped, kek);
  }

  /** The ring of this database; `undefined` where it has no data key yet. Only reads. */
  async ring({ kek }: ClassicKey, manager: EntityManager): Promise<Ring | undefined> {
    const stored = await this.store.readWith(manager);
    return stored.dataKeyIds.length > 0 ? this.ringOf(kek, stored) : undefined;
  }

  /**
   * The ring of this database. One without data keys takes over its own classic one, or else this, the way a classic
   * deployment is adopted. Call under the database's lock, with its manager.
   */
  async ringOrAdopt({ kek, wrapped }: ClassicKey, manager: EntityManager): Promise<Ring> {
    const { dataKeyIds, symmetricKey } = await this.store.readWith(manager);
    if (dataKeyIds.length === 0) {
      if (symmetricKey === undefined && !(await this.userKeys.exist(manager))) {
        await this.expectation.beforeFirstDataKey(manager);
        await this.store.insertApplicationData(manager, wrapped);
      }
      await this.first.establish(kek, manager);
    }
    return this.ringOf(kek, await this.store.readWith(manager));
  }

  private async ringOf(kek: KeyEncryptionKey, stored: StoredRing): Promise<Ring> {
    const { dataKeys } = await this.dataKeys.openAll(kek, stored);
    return Ring.withNewest(dataKeys, resolveLayout(this.settings.valueLayout, [...dataKeys.keys()]));
  }
}
