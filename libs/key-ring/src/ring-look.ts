import { messageOf } from '@key-connector/common';
import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Database, type StoredUserKey, UserKeyRows } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DataKeys, openIn } from './data-keys/data-keys.js';
import { RingStore } from './data-keys/ring-store.js';
import { Wrappings } from './data-keys/wrappings.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import type { Manifest } from './manifest/manifest.js';
import { RingLoader, type RingState } from './manifest/ring-loader.js';
import type { HeldManifest } from './manifest/succession.js';
import { boundPrefix } from './values/bound.layout.js';
import { classicDataKeyId, type DataKey } from './values/data-key.js';
import { Ring } from './values/ring.js';
import { atLeast } from './values/value-layout.js';

/** A data key as it stands in the database. */
export interface DataKeyFacts {
  readonly id: number;
  /** The key-encryption keys that it is wrapped under. */
  readonly wrappings: readonly { readonly kekId: string; readonly keyReference: string; readonly algorithm: string }[];
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
        readonly activeDataKeyId: number;
        /** Data keys that were dropped, and still stand there. */
        readonly dropped: readonly number[];
        /** Key-encryption keys and recovery keys that every data key is to be wrapped under. */
        readonly keks: readonly { readonly id: string; readonly role: string }[];
      }
    | undefined;
  /** Rows that are not authentic and are passed over. */
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
  /** Data keys that do not open, and why. */
  readonly faults: readonly { readonly id: number; readonly why: string }[];
  /** Opens a member's row; the caller wipes the result. Throws an OpeningFailure. `undefined` where no data key opens. */
  readonly open: ((stored: StoredUserKey) => Buffer) | undefined;
}

/** Looks at the ring for people: makes, adopts and changes nothing, and serves nobody. */
@Injectable()
export class RingLook {
  constructor(
    private readonly database: Database,
    private readonly store: RingStore,
    private readonly dataKeys: DataKeys,
    private readonly wrappings: Wrappings,
    private readonly loader: RingLoader,
    private readonly userKeys: UserKeyRows,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /** Needs the tables; throws a KeyConnectorError otherwise. */
  async stored(): Promise<StoredFacts> {
    return this.database.snapshot(async (manager) => {
      const state = await this.loader.load(manager, this.settings.identity);
      return {
        manifest: manifestFacts(state),
        dataKeys: await this.factsOf(manager, state.held?.manifest),
        classicKey: Boolean(await this.store.symmetricKey(manager)),
        members: await this.userKeys.count(manager),
        bound: await this.userKeys.countWithPrefix(manager, boundPrefix),
        lastAccess: await this.userKeys.lastAccess(manager),
      };
    });
  }

  /** Opens the key-encryption key, and with it each data key. Throws what the key provider throws. */
  async open(): Promise<OpenedRing> {
    return this.database.snapshot(async (manager) => {
      const { held } = await this.loader.load(manager, this.settings.identity);
      return held === undefined ? this.openClassic(manager) : this.openHeld(manager, held);
    });
  }

  private async openHeld(manager: EntityManager, held: HeldManifest): Promise<OpenedRing> {
    const { manifest } = held;
    const kek = await this.dataKeys.openKey(manifest);
    const rows = await this.dataKeys.read(manager, held, kek.id);
    const opened = new Map<number, DataKey>();
    const faults: { id: number; why: string }[] = [];
    for (const dataKey of openIn(manifest)) {
      try {
        if (rows !== undefined) opened.set(dataKey.id, await this.dataKeys.unwrap(manifest, dataKey, kek, rows));
      } catch (error) {
        faults.push({ id: dataKey.id, why: messageOf(error) });
      }
    }
    const active = opened.get(manifest.activeDataKeyId) ?? [...opened.values()][0];
    const layout = atLeast(manifest.layout, this.settings.valueLayout);
    const ring = active && new Ring(opened, active, layout);
    return openedOf(kek, faults, ring);
  }

  /** A classic deployment's data key counts while there is no manifest, as at a start. */
  private async openClassic(manager: EntityManager): Promise<OpenedRing> {
    const symmetricKey = await this.store.symmetricKey(manager);
    const kek = await this.dataKeys.openKey(undefined, symmetricKey);
    if (!symmetricKey) return openedOf(kek, [], undefined);
    try {
      const dataKey = await this.wrappings.openClassic(kek, symmetricKey);
      return openedOf(kek, [], new Ring(new Map([[dataKey.id, dataKey]]), dataKey, 'classic'));
    } catch (error) {
      return openedOf(kek, [{ id: classicDataKeyId, why: messageOf(error) }], undefined);
    }
  }

  private async factsOf(manager: EntityManager, manifest: Manifest | undefined): Promise<DataKeyFacts[]> {
    if (manifest === undefined) return [];
    const ids = manifest.dataKeys.map(({ id }) => id);
    const wrapped = new Map<string, ReadonlyMap<number, string>>();
    for (const { id } of manifest.keks) wrapped.set(id, await this.store.wrappings(manager, id, ids));
    return ids.map((id) => ({
      id,
      wrappings: manifest.keks
        .filter((kek) => wrapped.get(kek.id)?.has(id))
        .map(({ id: kekId, reference: keyReference, algorithm }) => ({ kekId, keyReference, algorithm })),
    }));
  }
}

function openedOf(
  { id, description }: KeyEncryptionKey,
  faults: OpenedRing['faults'],
  ring: Ring | undefined,
): OpenedRing {
  return { keyEncryptionKey: { id, description }, faults, open: ring && ((row) => ring.open(row)) };
}

function manifestFacts({ held, passedOver, otherRings, rows }: RingState): ManifestFacts {
  const facts = held && {
    ring: held.identity.fingerprint,
    version: held.version,
    layout: held.manifest.layout,
    activeDataKeyId: held.manifest.activeDataKeyId,
    dropped: held.manifest.dataKeys.filter(({ state }) => state === 'dropped').map(({ id }) => id),
    keks: held.manifest.keks.map(({ id, role }) => ({ id, role })),
  };
  return { held: facts, passedOver: passedOver.length, otherRings, rows };
}
