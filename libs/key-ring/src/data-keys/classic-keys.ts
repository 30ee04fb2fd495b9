import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Database, type RingFence } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ManifestMoved, RingUnusable } from '../key-ring.errors.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { fenceOf } from '../manifest/ring-fence.js';
import { openClassic } from '../values/classic.layout.js';
import type { DataKey } from '../values/data-key.js';
import type { Ring } from '../values/ring.js';
import { atLeast } from '../values/value-layout.js';
import { CountingManifest, type CountingState } from './counting-manifest.js';
import { DataKeys, requireListed } from './data-keys.js';
import { OwnValues } from './own-values.js';
import { FirstDataKey } from './first-data-key.js';
import { RingStore } from './ring-store.js';
import { Wrappings } from './wrappings.js';

/** The data key of a classic deployment, which opens that deployment's values and, maybe, no row of this database. */
export class ClassicKey {
  constructor(
    readonly dataKey: DataKey,
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

/** The ring that an import seals with, and what its statements name. */
export interface RingToFill {
  readonly ring: Ring;
  readonly fence: RingFence;
}

/**
 * For an import: opens a classic deployment's data key, and gives the ring that its members' keys are to be sealed
 * with.
 *
 * @example
 * const key = await classicKeys.open(file.symmetricKey);
 * await database.lock(async (manager) => {
 *   const { ring } = await classicKeys.ringOrAdopt(key, manager);
 *   const row = key.isActiveIn(ring) ? { id, value, dataKeyId: null } : ring.seal(id, key.open(value));
 *   …
 * });
 */
@Injectable()
export class ClassicKeys {
  constructor(
    private readonly database: Database,
    private readonly counting: CountingManifest,
    private readonly store: RingStore,
    private readonly dataKeys: DataKeys,
    private readonly wrappings: Wrappings,
    private readonly first: FirstDataKey,
    private readonly ownValues: OwnValues,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'valueLayout'>,
  ) {}

  /**
   * Opens a wrapped data key, base64, with the configured key-encryption key. Only reads.
   *
   * @throws ClassicKeyUnreadable when it does not open; RingRefused; an UnavailableError when it is worth another try.
   */
  async open(wrapped: string): Promise<ClassicKey> {
    const { manifest, own } = await this.database.snapshot(async (manager) => ({
      manifest: (await this.counting.find(manager))?.held.manifest,
      own: await this.store.symmetricKey(manager),
    }));
    const kek = await this.dataKeys.openKey(manifest, own, wrapped);
    return new ClassicKey(await this.wrappings.openClassic(kek, wrapped), wrapped, kek);
  }

  /** The ring of this database; `undefined` where it has none yet. Only reads. */
  async ring({ kek }: ClassicKey, manager: EntityManager): Promise<RingToFill | undefined> {
    const state = await this.counting.find(manager);
    return state && this.ringOf(kek, state, manager);
  }

  /**
   * The ring of this database. An empty one gets a ring with this data key, as if it were a classic deployment's own;
   * one that has its own classic data key is adopted. Call under the database's lock, with its manager.
   *
   * @throws RingRefused where a start would be: nothing is sealed under a ring that somebody may have put there.
   */
  async ringOrAdopt(key: ClassicKey, manager: EntityManager): Promise<RingToFill> {
    const { kek } = key;
    if ((await this.counting.find(manager)) === undefined) await this.first.establishImported(kek, manager, key);
    const state = await this.counting.find(manager);
    if (state === undefined) throw new ManifestMoved();
    await this.ownValues.require(state.held, kek, manager);
    return this.ringOf(kek, state, manager);
  }

  private async ringOf(kek: KeyEncryptionKey, state: CountingState, manager: EntityManager): Promise<RingToFill> {
    const { held, passedOver } = state;
    requireListed(held.manifest, kek);
    const fence = fenceOf(held, passedOver);
    if (typeof fence === 'string') throw new RingUnusable(fence);
    const rows = await this.dataKeys.read(manager, held, kek.id);
    if (rows === undefined) throw new ManifestMoved();
    const layout = atLeast(held.manifest.layout, this.settings.valueLayout);
    return { ring: await this.dataKeys.open(held, kek, { rows, layout }), fence };
  }
}
