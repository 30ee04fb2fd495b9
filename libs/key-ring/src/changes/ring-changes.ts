import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Database } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DataKeys } from '../data-keys/data-keys.js';
import { RingStore, type StoredRing } from '../data-keys/ring-store.js';
import { Wrappings } from '../data-keys/wrappings.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { documentHash, type Manifest, type ManifestKek, writeManifest } from '../manifest/manifest.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import { identityRow, RingSigner } from '../manifest/ring-identity.js';
import { RingLoader, type RingState } from '../manifest/ring-loader.js';
import type { HeldManifest } from '../manifest/succession.js';
import type { DataKey } from '../values/data-key.js';
import { RingChanged, RingChangeRefused } from './changes.errors.js';
import { kekWrapper, type PlainKey } from './kek-wrapper.js';
import { RingRows } from './ring-rows.js';

/** Longer than any write that was sealed under the version before can take: see `RingChanges.settle`. */
const settleMilliseconds = 1_000;

/** What a command found, and decides on. */
export interface RingView extends RingState {
  readonly held: HeldManifest;
  readonly stored: StoredRing;
  /** The key-encryption key of the settings, listed as one of the service's. */
  readonly kek: KeyEncryptionKey;
}

/** What a version may say otherwise than the one before it. */
type Changes = Partial<Omit<Manifest, 'format' | 'version' | 'previous'>>;

/** A change that is under way: inside one transaction, under the database's lock, with the manifest as it is now. */
export interface RingChange {
  readonly view: RingView;
  readonly manager: EntityManager;
  /** The fingerprint of the ring. */
  readonly ring: string;
  /** Opens a data key that is not dropped. */
  open(id: number): Promise<DataKey>;
  /** Runs work with the bytes of every data key that is there, and of the identity's seed; they are wiped behind it. */
  withPlainKeys(work: (plain: readonly PlainKey[]) => Promise<void>): Promise<void>;
  /** Inserts a data key, wrapped under every key-encryption key of the manifest. */
  insertDataKey(plain: PlainKey): Promise<void>;
  /** Inserts the wrappings of a key under each of these key-encryption keys, those of the manifest when left out. */
  wrap(plain: PlainKey, keks?: readonly ManifestKek[], configured?: readonly KeyEncryptionKey[]): Promise<void>;
}

/**
 * Makes the next version of the ring's manifest: the one way in which a ring changes. Of two operators one is refused; what
 * stands in the way and is not authentic is deleted.
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
    private readonly loader: RingLoader,
    private readonly manifests: ManifestStore,
    private readonly store: RingStore,
    private readonly dataKeys: DataKeys,
    private readonly wrappings: Wrappings,
    private readonly rows: RingRows,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /**
   * The ring as it is; only reads.
   *
   * @throws RingChangeRefused where no manifest counts, or the configured key-encryption key is none of the service's.
   */
  async look(): Promise<RingView> {
    return this.database.snapshot((manager) => this.view(manager));
  }

  /**
   * Signs and inserts the version that follows the one that was looked at.
   *
   * @param plan gives what the version says otherwise, and does what belongs to it in the same transaction. May be run again.
   * @param signer signs in place of the ring's identity: a new one.
   * @throws RingChanged when another one was faster; whatever the plan throws. Nothing was changed then.
   */
  async apply(
    seen: RingView,
    plan: (change: RingChange) => Promise<Changes>,
    signer?: RingSigner,
  ): Promise<HeldManifest> {
    return this.database.lock(async (manager) => {
      const view = await this.requireSame(manager, seen);
      const changes = await plan(this.changeOf(view, manager));
      return this.sign(view, manager, changes, signer);
    });
  }

  /**
   * Waits until nothing that was sealed under an older manifest can be written any more. A write ends by the database
   * server's clock, `database__statementTimeoutSeconds` after it began; one that begins now is kept out by its fence.
   */
  async settle(signal?: AbortSignal): Promise<void> {
    await sleep(this.database.statementTimeout + settleMilliseconds, undefined, signal && { signal });
  }

  /**
   * The ring inside of a transaction under the lock, when it is still the one that was looked at.
   *
   * @throws RingChanged when it is another one.
   */
  async requireSame(manager: EntityManager, seen: RingView): Promise<RingView> {
    const view = await this.view(manager);
    if (view.held.version !== seen.held.version || view.held.signature !== seen.held.signature)
      throw new RingChanged(seen.held.version, view.held.version);
    return view;
  }

  private async view(manager: EntityManager): Promise<RingView> {
    const state = await this.loader.load(manager, this.settings.identity);
    const { held } = state;
    if (held === undefined)
      throw new RingChangeRefused(
        `${this.database.description} holds no manifest of a ring that counts here, so there is nothing to change. Start the ` +
          'service once on a new database; for one that was made by an older version run key-connector ring adopt.',
      );
    if (state.unreadable !== undefined)
      throw new RingChangeRefused(
        `Version ${state.unreadable.version} of the ring's manifest was made by a newer version of this software. Run the command of that one.`,
      );
    const stored = await this.store.readWith(manager);
    const kek = await this.dataKeys.openKey(stored);
    if (!held.manifest.keks.some(({ id, role }) => id === kek.id && role === 'service'))
      throw new RingChangeRefused(
        `The configured key-encryption key ${kek.id} (${kek.description}) is none of the ring's: ` +
          `${held.manifest.keks.map(({ id, reference }) => `${id} (${reference})`).join(', ')}. Configure one of those.`,
      );
    return { ...state, held, stored, kek };
  }

  private changeOf(view: RingView, manager: EntityManager): RingChange {
    const { held, stored, kek } = view;
    const open = (id: number): Promise<DataKey> => this.wrappings.open(id, kek, stored);
    const wrap: RingChange['wrap'] = async (plain, keks = held.manifest.keks, configured = [kek]) => {
      const rows = [];
      for (const each of keks) rows.push(await kekWrapper(each, configured).wrap(plain));
      await this.rows.putWrappings(manager, rows);
    };
    return {
      view,
      manager,
      ring: held.identity.fingerprint,
      open,
      withPlainKeys: async (work) => {
        const plain: PlainKey[] = [];
        try {
          // A dropped one too, as long as its wrappings are there: the drop may still be undone.
          const wrapped = new Set(stored.wrappings.map(({ dataKeyId }) => dataKeyId));
          for (const { id } of held.manifest.dataKeys)
            if (wrapped.has(id)) plain.push({ id, bytes: (await open(id)).secret.export() });
          plain.push({ id: identityRow, bytes: await this.wrappings.openIdentity(kek, stored) });
          await work(plain);
        } finally {
          for (const { bytes } of plain) bytes.fill(0);
        }
      },
      wrap,
      insertDataKey: async (plain) => {
        await this.rows.insertDataKey(manager, plain.id);
        await wrap(plain);
      },
    };
  }

  private async sign(
    view: RingView,
    manager: EntityManager,
    changes: Changes,
    signer?: RingSigner,
  ): Promise<HeldManifest> {
    const { held } = view;
    const manifest = { ...held.manifest, ...changes, version: held.version + 1, previous: documentHash(held.document) };
    const document = writeManifest(manifest);
    const by = signer ?? (await this.signerOf(view));
    const row = { version: manifest.version, document, signature: by.sign(document) };
    await this.rows.removeManifestsAbove(manager, held.version);
    await this.manifests.insert(manager, row);
    return { ...row, manifest, identity: by.identity };
  }

  private async signerOf({ held, kek, stored }: RingView): Promise<RingSigner> {
    const seed = await this.wrappings.openIdentity(kek, stored);
    try {
      const signer = RingSigner.of(seed);
      if (signer.identity.fingerprint === held.identity.fingerprint) return signer;
    } finally {
      seed.fill(0);
    }
    throw new RingChangeRefused(
      'The identity in DataKeyWrappings (row -1) is not the one that signed the manifest. Restore those rows from a backup, ' +
        'or give the ring a new identity: key-connector ring rekey.',
    );
  }
}
