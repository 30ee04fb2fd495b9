import { Database, SealedValues, sealedTables, type StoredUserKey, UserKeyRows } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CountingManifest } from './data-keys/counting-manifest.js';
import { DataKeys, requireListed } from './data-keys/data-keys.js';
import { OwnValues } from './data-keys/own-values.js';
import { RingStore } from './data-keys/ring-store.js';
import { wholeLook } from './data-keys/whole-look.js';
import { Wrappings } from './data-keys/wrappings.js';
import { DataKeyUnreadable, ManifestMoved, RingRefused } from './key-ring.errors.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { ManifestStore } from './manifest/manifest-store.js';
import { isPinBehind } from './manifest/pin-behind.js';
import { RingLoader, type RingState } from './manifest/ring-loader.js';
import type { HeldManifest } from './manifest/succession.js';
import { boundPrefix, classicValues, valuesUnder } from './values/bound.layout.js';
import { Ring } from './values/ring.js';
import { atLeast } from './values/value-layout.js';

/** A data key that the manifest names, and the key-encryption keys whose wrapping of it stands in the database. */
export interface DataKeyFacts {
  readonly id: number;
  /** The one that is written with, one that values may still need, or one that was dropped. */
  readonly state: 'active' | 'open' | 'dropped';
  readonly wrappedUnder: readonly string[];
}

/** What RingManifests says. */
export interface ManifestFacts {
  /** The one that counts; `undefined` where there is none yet, or none that is authentic. */
  readonly held:
    | {
        /** The fingerprint of the ring's identity. */
        readonly ring: string;
        readonly version: number;
        readonly layout: string;
        /** Key-encryption keys and recovery keys that every data key is to be wrapped under. */
        readonly keks: readonly { readonly id: string; readonly role: string; readonly reference: string }[];
      }
    | undefined;
  /** Whether the settings name this ring. */
  readonly isPinned: boolean;
  /** Whether the pin accepts a version from before something was given up. */
  readonly isPinBehind: boolean;
  /** Rows above it that are not authentic; no more than 17 are counted. */
  readonly passedOver: number;
  /** Fingerprints of other rings that have signed rows here. */
  readonly otherRings: readonly string[];
  /** Whether there is any row. */
  readonly rows: boolean;
}

/** What is stored of the ring and of members, without asking the key provider. */
export interface StoredFacts {
  readonly manifest: ManifestFacts;
  readonly dataKeys: readonly DataKeyFacts[];
  /** Rows of DataKeys that the manifest does not name; no more than 17 are listed. */
  readonly unnamed: readonly number[];
  /** Whether a classic deployment's data key stands there, which classic software reads. */
  readonly classicKey: boolean;
  readonly members: number;
  /** How many of them have a value in the bound layout. */
  readonly bound: number;
  readonly lastAccess: Date | undefined;
}

/** What the key provider made of it. */
export interface OpenedRing {
  /** The key-encryption key, for people. */
  readonly keyEncryptionKey: { readonly id: string; readonly description: string };
  /** Why the data keys do not open: what a start would say. */
  readonly fault: string | undefined;
  /**
   * Opens a member's row; the caller wipes the result. Throws an OpeningFailure. `undefined` where no data key opens.
   */
  readonly open: ((stored: StoredUserKey) => Buffer) | undefined;
}

/** Looks at the ring for people: makes, adopts and changes nothing, and serves nobody. */
@Injectable()
export class RingLook {
  constructor(
    private readonly database: Database,
    private readonly loader: RingLoader,
    private readonly counting: CountingManifest,
    private readonly ownValues: OwnValues,
    private readonly manifests: ManifestStore,
    private readonly store: RingStore,
    private readonly dataKeys: DataKeys,
    private readonly wrappings: Wrappings,
    private readonly userKeys: UserKeyRows,
    private readonly values: SealedValues,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /** Needs the tables; throws a KeyConnectorError otherwise. */
  stored(): Promise<StoredFacts> {
    return this.database.snapshot(async (manager) => {
      const state = await this.loader.load(manager, this.settings.identity);
      const dataKeys = state.held === undefined ? [] : await this.dataKeyFacts(state.held, manager);
      return {
        manifest: await this.manifestFacts(state, manager),
        dataKeys,
        unnamed: await this.store.unnamed(
          manager,
          dataKeys.map(({ id }) => id),
        ),
        classicKey: Boolean(await this.store.symmetricKey(manager)),
        members: await this.userKeys.count(manager),
        bound: await this.userKeys.countWithPrefix(manager, boundPrefix),
        lastAccess: await this.userKeys.lastAccess(manager),
      };
    });
  }

  /**
   * Values, the history's too, that `data-key reencrypt` would seal anew; `undefined` where no manifest counts. Needs
   * the tables, and counts whole ones.
   */
  notUnderActive(): Promise<number | undefined> {
    return this.database.snapshot(async (manager) => {
      const { held } = await this.loader.load(manager, this.settings.identity);
      if (held === undefined) return undefined;
      const { layout, activeDataKeyId } = held.manifest;
      if (layout === 'classic') return this.values.countNotUnder(manager, 'UserKeys', classicValues);
      let count = 0;
      for (const table of sealedTables)
        count += await this.values.countNotUnder(manager, table, valuesUnder(activeDataKeyId));
      return count;
    });
  }

  /** Opens the key-encryption key, and with it the data keys. Throws what the key provider throws. */
  open(): Promise<OpenedRing> {
    return wholeLook(() => this.openOnce());
  }

  private async openOnce(): Promise<OpenedRing> {
    const { found, symmetricKey } = await this.database.snapshot(async (manager) => ({
      found: await this.counting.find(manager).catch(refusalOf),
      symmetricKey: await this.store.symmetricKey(manager),
    }));
    const held = found instanceof RingRefused ? undefined : found?.held;
    const kek = await this.dataKeys.openKey(held?.manifest, symmetricKey);
    const { id, description } = kek;
    const keyEncryptionKey = { id, description };
    try {
      if (found instanceof RingRefused) throw found;
      const ring = held === undefined ? await this.classicRing(kek, symmetricKey) : await this.ringOf(held, kek);
      return { keyEncryptionKey, fault: undefined, open: ring && ((row) => ring.open(row)) };
    } catch (error) {
      if (!(error instanceof RingRefused) && !(error instanceof DataKeyUnreadable)) throw error;
      return { keyEncryptionKey, fault: error.message, open: undefined };
    }
  }

  private async ringOf(held: HeldManifest, kek: Kek): Promise<Ring> {
    requireListed(held.manifest, kek);
    const rows = await this.database.snapshot(async (manager) => {
      await this.ownValues.require(held, kek, manager);
      return this.dataKeys.read(manager, held, kek.id);
    });
    if (rows === undefined) throw new ManifestMoved();
    const layout = atLeast(held.manifest.layout, this.settings.valueLayout);
    return this.dataKeys.open(held, kek, { rows, layout });
  }

  /** A classic deployment's data key counts while there is no manifest. */
  private async classicRing(kek: Kek, symmetricKey: string | undefined): Promise<Ring | undefined> {
    if (!symmetricKey) return undefined;
    const dataKey = await this.wrappings.openClassic(kek, symmetricKey);
    return new Ring(new Map([[dataKey.id, dataKey]]), dataKey, 'classic');
  }

  private async dataKeyFacts({ manifest }: HeldManifest, manager: EntityManager): Promise<DataKeyFacts[]> {
    const ids = manifest.dataKeys.map(({ id }) => id);
    const under = new Map<string, ReadonlyMap<number, string>>();
    for (const { id } of manifest.keks) under.set(id, await this.store.wrappings(manager, id, ids));
    return manifest.dataKeys.map(({ id, state }) => ({
      id,
      state: id === manifest.activeDataKeyId ? 'active' : state,
      wrappedUnder: [...under].filter(([, wrapped]) => wrapped.has(id)).map(([kekId]) => kekId),
    }));
  }

  private async manifestFacts(
    { held, passedOver, otherRings, rows }: RingState,
    manager: EntityManager,
  ): Promise<ManifestFacts> {
    const ring = held?.identity.fingerprint;
    const facts = held && {
      ring: held.identity.fingerprint,
      version: held.version,
      layout: held.manifest.layout,
      keks: held.manifest.keks.map(({ id, role, reference }) => ({ id, role, reference })),
    };
    const isPinned = this.settings.identity.some(({ fingerprint }) => fingerprint === ring);
    const behind = held && (await isPinBehind(held, this.settings.identity, { manager, store: this.manifests }));
    return { held: facts, isPinned, isPinBehind: behind ?? false, passedOver: passedOver.length, otherRings, rows };
  }
}

function refusalOf(error: unknown): RingRefused {
  if (error instanceof RingRefused) return error;
  throw error;
}

type Kek = Awaited<ReturnType<DataKeys['openKey']>>;
