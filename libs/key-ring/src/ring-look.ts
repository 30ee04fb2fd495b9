import { messageOf } from '@key-connector/common';
import type { StoredUserKey } from '@key-connector/database';
import { Database, UserKeyRows } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import { DataKeys } from './data-keys/data-keys.js';
import { RingStore, type StoredRing } from './data-keys/ring-store.js';
import { Wrappings } from './data-keys/wrappings.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { RingLoader, type RingState } from './manifest/ring-loader.js';
import { boundPrefix } from './values/bound.layout.js';
import { classicDataKeyId, type DataKey } from './values/data-key.js';
import { Ring } from './values/ring.js';
import { resolveLayout } from './values/value-layout.js';

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
    const { dataKeyIds, wrappings, symmetricKey } = await this.store.read();
    const facts = (id: number): DataKeyFacts => ({
      id,
      wrappings: wrappings
        .filter(({ dataKeyId }) => dataKeyId === id)
        .map(({ kekId, keyReference, algorithm }) => ({ kekId, keyReference, algorithm })),
    });
    const counted = await this.database.snapshot(async (manager) => ({
      manifest: manifestFacts(await this.loader.load(manager)),
      members: await this.userKeys.count(manager),
      bound: await this.userKeys.countWithPrefix(manager, boundPrefix),
      lastAccess: await this.userKeys.lastAccess(manager),
    }));
    return { dataKeys: dataKeyIds.map(facts), classicKey: Boolean(symmetricKey), ...counted };
  }

  /** Opens the key-encryption key, and with it each data key. Throws what the key provider throws. */
  async open(): Promise<OpenedRing> {
    const stored = await this.store.read();
    const kek = await this.dataKeys.openKey(stored);
    const opened = new Map<number, DataKey>();
    const faults: { id: number; why: string }[] = [];
    for (const { id, open } of this.openers(stored, kek)) {
      try {
        opened.set(id, await open());
      } catch (error) {
        faults.push({ id, why: messageOf(error) });
      }
    }
    const { id, description } = kek;
    return { keyEncryptionKey: { id, description }, faults, open: this.opener(opened) };
  }

  private opener(dataKeys: ReadonlyMap<number, DataKey>): OpenedRing['open'] {
    if (dataKeys.size === 0) return undefined;
    const ring = Ring.withNewest(dataKeys, resolveLayout(this.settings.valueLayout, [...dataKeys.keys()]));
    return (row) => ring.open(row);
  }

  /** A classic deployment's data key counts while there is no other, as at a start. */
  private openers(
    stored: StoredRing,
    kek: Parameters<Wrappings['open']>[1],
  ): { readonly id: number; readonly open: () => Promise<DataKey> }[] {
    const { dataKeyIds, symmetricKey } = stored;
    if (dataKeyIds.length > 0)
      return dataKeyIds.map((id) => ({ id, open: () => this.wrappings.open(id, kek, stored) }));
    if (!symmetricKey) return [];
    return [{ id: classicDataKeyId, open: () => this.wrappings.openClassic(kek, symmetricKey) }];
  }
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
