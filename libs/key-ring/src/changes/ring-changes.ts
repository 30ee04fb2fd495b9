import { setTimeout as sleep } from 'node:timers/promises';
import { type KeyEncryptionKey, UnwrapFailed, type WrappedKey } from '@key-connector/crypto-providers';
import { Database, longestWrite, nobody } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CountingManifest, type CountingState } from '../data-keys/counting-manifest.js';
import { DataKeys, requireListed } from '../data-keys/data-keys.js';
import { OwnValues } from '../data-keys/own-values.js';
import { RingStore } from '../data-keys/ring-store.js';
import { wholeLook } from '../data-keys/whole-look.js';
import { wrappedKeyOf, Wrappings } from '../data-keys/wrappings.js';
import { DataKeyUnreadable } from '../key-ring.errors.js';
import type { Manifest, ManifestKek } from '../manifest/manifest.js';
import { identityRow, RingSigner } from '../manifest/ring-identity.js';
import type { HeldManifest } from '../manifest/succession.js';
import type { DataKey } from '../values/data-key.js';
import { RingChanged, RingChangeRefused } from './changes.errors.js';
import { kekWrapper, type PlainKey } from './kek-wrapper.js';
import { type ManifestChanges, ManifestWriter } from './manifest-writer.js';
import { ChangedRows, type Wrapped } from './changed-rows.js';

/** What a command found, and decides on. */
export interface RingView extends CountingState {
  /** Which of its keys, the identity included, are wrapped under which of its key-encryption keys. */
  readonly wrapped: readonly Wrapped[];
  /** The key-encryption key of the settings, listed as one of the service's. */
  readonly kek: KeyEncryptionKey;
}

/** A change that is under way: inside one transaction, under the database's lock, with the manifest as it is now. */
export interface RingChange {
  readonly view: RingView;
  readonly manager: EntityManager;
  /** The fingerprint of the ring. */
  readonly ring: string;
  /**
   * Opens what stands in the database for a data key, dropped or not, and compares it; what is in memory does not
   * count.
   */
  open(id: number): Promise<DataKey>;
  /** Runs work with the bytes of every data key that is there, and of the identity's seed; they are wiped behind it. */
  withPlainKeys(work: (plain: readonly PlainKey[]) => Promise<void>): Promise<void>;
  /** Which of these ids have a row in DataKeys, whoever put it there. */
  takenIds(ids: readonly number[]): Promise<number[]>;
  /** Inserts a data key, wrapped under every key-encryption key of the manifest. */
  insertDataKey(plain: PlainKey): Promise<void>;
  /** Inserts the wrappings of a key under each of these key-encryption keys, those of the manifest when left out. */
  wrap(plain: PlainKey, keks?: readonly ManifestKek[], configured?: readonly KeyEncryptionKey[]): Promise<void>;
}

/**
 * Makes the next version of the ring's manifest: the one way in which a ring changes. Of two operators one is refused;
 * what stands in the way and is not authentic is deleted.
 *
 * @example
 * const view = await changes.look();
 * const held = await changes.apply(view, async (change) => {
 *   await change.wrap(newKey);
 *   return { activeDataKeyId: newKey.id, dataKeys: [...view.held.manifest.dataKeys, entry] };
 * });
 * await changes.settle();
 */
@Injectable()
export class RingChanges {
  constructor(
    private readonly database: Database,
    private readonly counting: CountingManifest,
    private readonly ownValues: OwnValues,
    private readonly writer: ManifestWriter,
    private readonly store: RingStore,
    private readonly dataKeys: DataKeys,
    private readonly wrappings: Wrappings,
    private readonly rows: ChangedRows,
  ) {}

  /**
   * The ring as it is; only reads.
   *
   * @throws RingRefused where a start would be: a command must not go on with a ring, or a version, that somebody put
   * there; RingChangeRefused where there is none.
   */
  async look(): Promise<RingView> {
    return wholeLook(() =>
      this.database.snapshot(async (manager) => {
        const view = await this.view(manager);
        await this.ownValues.require(view.held, view.kek, manager);
        return view;
      }),
    );
  }

  /**
   * Signs and inserts the version that follows the one that was looked at.
   *
   * Whatever changes DataKeys or DataKeyWrappings goes through here, also where the manifest says nothing else than
   * before: of two operators on a cluster without a lock, the number of the version lets one through.
   *
   * @param plan gives what the version says otherwise, and does what belongs to it in the same transaction. May be run
   * again.
   * @param signer signs in place of the ring's identity: a new one.
   * @throws RingChanged when another one was faster; whatever the plan throws. Nothing was changed then.
   */
  async apply(
    seen: RingView,
    plan: (change: RingChange) => Promise<ManifestChanges>,
    signer?: RingSigner,
  ): Promise<HeldManifest> {
    return this.database.lock(async (manager) => {
      const view = await this.view(manager);
      if (view.held.version !== seen.held.version || view.held.signature !== seen.held.signature)
        throw new RingChanged(seen.held.version, view.held.version);
      const changes = await plan(this.changeOf(view, manager));
      return this.writer.write(manager, view.held, changes, signer ?? (await this.signerOf(view, manager)));
    });
  }

  /**
   * Waits until nothing that was sealed under an older manifest can be written any more: one second longer than any
   * write can take, by the database server's clock, which ends them, and by this process' own: a server's may be set
   * ahead, or be another server's after a failover. One that begins now is kept out by its fence.
   */
  async settle(signal?: AbortSignal): Promise<void> {
    const begun = { clock: await this.clock(), here: performance.now() };
    const left = async (): Promise<number> =>
      longestWrite + 1_000 - Math.min((await this.clock()) - begun.clock, performance.now() - begun.here);
    for (let wait = await left(); wait > 0; wait = await left())
      await sleep(Math.min(wait, 1_000), undefined, signal && { signal });
  }

  private async clock(): Promise<number> {
    return (await this.database.read(({ userKeys }) => userKeys.look([nobody], 0))).clock;
  }

  private async view(manager: EntityManager): Promise<RingView> {
    const state = await this.counting.find(manager);
    if (state === undefined)
      throw new RingChangeRefused(
        `${this.database.description} holds no ring yet, so there is nothing to change. Start the ` +
          'service once on a new database; for one that was made by an older version run key-connector ring adopt.',
      );
    const { held } = state;
    const { keks, dataKeys } = held.manifest;
    const kek = await this.dataKeys.openKey(held.manifest);
    requireListed(held.manifest, kek);
    const ids = [identityRow, ...dataKeys.map(({ id }) => id)];
    const wrapped = await this.rows.wrapped(
      manager,
      ids,
      keks.map(({ id }) => id),
    );
    return { ...state, kek, wrapped };
  }

  private changeOf(view: RingView, manager: EntityManager): RingChange {
    const { held, kek } = view;
    const wrap: RingChange['wrap'] = async (plain, keks = held.manifest.keks, configured = [kek]) => {
      const wrappings = [];
      for (const each of keks) wrappings.push(await kekWrapper(each, configured).wrap(plain));
      await this.rows.putWrappings(manager, wrappings);
    };
    return {
      view,
      manager,
      ring: held.identity.fingerprint,
      open: (id) => this.open(view, manager, id),
      withPlainKeys: async (work) => {
        const plain: PlainKey[] = [];
        try {
          for (const { id } of presentDataKeys(view))
            plain.push({ id, bytes: (await this.open(view, manager, id)).secret.export() });
          plain.push({ id: identityRow, bytes: await this.openSeed(view, manager) });
          await work(plain);
        } finally {
          for (const { bytes } of plain) bytes.fill(0);
        }
      },
      wrap,
      takenIds: (ids) => this.rows.taken(manager, ids),
      insertDataKey: async (plain) => {
        await this.rows.insertDataKey(manager, plain.id);
        await wrap(plain);
      },
    };
  }

  private async open(view: RingView, manager: EntityManager, id: number): Promise<DataKey> {
    const { manifest } = view.held;
    const dataKey = manifest.dataKeys.find((each) => each.id === id);
    if (dataKey === undefined) throw new RangeError(`The ring has no data key ${id}.`);
    const wrapped = await this.wrappedKey(view, manager, id);
    return this.wrappings.open(manifest, dataKey, view.kek, wrapped).catch((error: unknown) => {
      throw dataKey.state === 'dropped' && error instanceof DataKeyUnreadable ? leftover(id, error) : error;
    });
  }

  private async signerOf(view: RingView, manager: EntityManager): Promise<RingSigner> {
    const seed = await this.openSeed(view, manager);
    try {
      return RingSigner.of(seed);
    } finally {
      seed.fill(0);
    }
  }

  /**
   * The seed of the identity that signed the manifest; the caller wipes it. Anybody who writes the database can put
   * another one there.
   */
  private async openSeed(view: RingView, manager: EntityManager): Promise<Uint8Array> {
    const seed = await view.kek.unwrap(await this.wrappedKey(view, manager, identityRow)).catch((error: unknown) => {
      throw error instanceof UnwrapFailed ? identityDamaged(view.kek) : error;
    });
    if (RingSigner.of(seed).identity.fingerprint === view.held.identity.fingerprint) return seed;
    seed.fill(0);
    throw new RingChangeRefused(
      'The identity in DataKeyWrappings (row -1) is not the one that signed the manifest: somebody replaced it. Restore that ' +
        'row from a backup. Nothing was changed in the database.',
    );
  }

  private async wrappedKey({ held, kek }: RingView, manager: EntityManager, id: number): Promise<WrappedKey> {
    const wrapped = (await this.store.wrappings(manager, kek.id, [id])).get(id);
    if (wrapped !== undefined) return wrappedKeyOf(requireListed(held.manifest, kek), wrapped);
    throw new DataKeyUnreadable(
      `${id === identityRow ? 'The identity of the ring' : `Data key ${id}`} is not wrapped under the configured key-encryption key ` +
        `${kek.id} (${kek.description}): its row in DataKeyWrappings is gone. Restore it from a backup. Nothing was changed in the database.`,
    );
  }
}

const leftover = (id: number, { message }: DataKeyUnreadable): DataKeyUnreadable =>
  new DataKeyUnreadable(
    `${message} If its drop was finished, it is gone for good, and key-connector data-key drop ${id} --finish deletes what is there.`,
  );

const identityDamaged = ({ id, description }: KeyEncryptionKey): DataKeyUnreadable =>
  new DataKeyUnreadable(
    `The identity of the ring does not open: its wrapping under ${id} (${description}) in DataKeyWrappings (row -1) is damaged. ` +
      'Restore that row from a backup. Nothing was changed in the database.',
  );

/**
 * Those of the manifest that can be opened: all that are not dropped, and of those that are, the ones whose drop can
 * still be undone.
 */
export function presentDataKeys({ held, wrapped }: RingView): Manifest['dataKeys'] {
  const ids = new Set(wrapped.map(({ dataKeyId }) => dataKeyId));
  return held.manifest.dataKeys.filter(({ id, state }) => state === 'open' || ids.has(id));
}
