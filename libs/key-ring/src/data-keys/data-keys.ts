import { type KeyEncryptionKey, KeyProvider } from '@key-connector/crypto-providers';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DataKeyUnreadable, RingRefused } from '../key-ring.errors.js';
import type { Manifest, ManifestDataKey, ManifestKek } from '../manifest/manifest.js';
import { RingLoader } from '../manifest/ring-loader.js';
import type { HeldManifest } from '../manifest/succession.js';
import type { DataKey } from '../values/data-key.js';
import { Ring } from '../values/ring.js';
import type { ValueLayout } from '../values/value-layout.js';
import { RingStore } from './ring-store.js';
import { wrappedKeyOf, Wrappings } from './wrappings.js';

/** How the data keys of a manifest stand in the database, under one key-encryption key. */
export interface RingRows {
  /** Base64, by the data key's id. */
  readonly wrapped: ReadonlyMap<number, string>;
  /** Data keys that have a row in DataKeys. */
  readonly present: ReadonlySet<number>;
  /** Rows of DataKeys that the manifest does not name; 17 at most. */
  readonly unnamed: readonly number[];
  /** A classic deployment's wrapped data key: empty where its row holds none, undefined where there is no row. */
  readonly symmetricKey: string | undefined;
}

/** The data keys that a manifest names: those, and no others, are read and opened. */
@Injectable()
export class DataKeys {
  constructor(
    private readonly provider: KeyProvider,
    private readonly loader: RingLoader,
    private readonly store: RingStore,
    private readonly wrappings: Wrappings,
  ) {}

  /**
   * The configured key-encryption key. What names its version comes from the manifest alone; a classic deployment's
   * data key counts until there is one.
   *
   * @param classic wrapped data keys, base64, in the order in which they are asked.
   */
  openKey(manifest: Manifest | undefined, ...classic: readonly (string | undefined)[]): Promise<KeyEncryptionKey> {
    if (manifest !== undefined) return this.provider.open(servicesOf(manifest).map(({ reference }) => reference));
    const wrapping = classic.find(Boolean);
    return this.provider.open([], wrapping ? Buffer.from(wrapping, 'base64') : undefined);
  }

  /**
   * How they stand, `undefined` where the manifest is not the last one any more once they are read: a transaction need
   * not be a snapshot, and data keys that were dropped meanwhile are not lost.
   */
  async read(manager: EntityManager, held: HeldManifest, kekId: string): Promise<RingRows | undefined> {
    const open = openIn(held.manifest);
    const ids = open.map(({ id }) => id);
    const rows = {
      wrapped: await this.store.wrappings(manager, kekId, ids),
      present: await this.store.present(manager, ids),
      unnamed: await this.store.unnamed(
        manager,
        held.manifest.dataKeys.map(({ id }) => id),
      ),
      symmetricKey: await this.store.symmetricKey(manager),
    };
    const { held: last, gone } = await this.loader.follow(manager, held);
    return gone || last !== held ? undefined : rows;
  }

  /**
   * The ring of a manifest: every data key that is not dropped is opened, and compared with its check. Those in memory
   * need no key-encryption key.
   *
   * @throws DataKeyUnreadable for the first that does not open, or is another one; an UnavailableError of the provider.
   */
  async open(
    { manifest }: HeldManifest,
    kek: KeyEncryptionKey,
    { rows, layout }: { readonly rows: RingRows; readonly layout: ValueLayout },
  ): Promise<Ring> {
    const opened = new Map<number, DataKey>();
    for (const dataKey of openIn(manifest)) {
      const known = this.wrappings.known(manifest, dataKey);
      opened.set(dataKey.id, known ?? (await this.unwrap(manifest, dataKey, kek, rows)));
    }
    const active = opened.get(manifest.activeDataKeyId);
    if (active === undefined) throw new RangeError('A manifest’s active data key is one that is open.');
    return new Ring(opened, active, layout);
  }

  /**
   * Which of these dropped data keys the database holds still, as the manifest names them: it may be asked who signed a
   * manifest that drops them, and his ring cannot vouch for what it never opened. They are compared, and used for
   * nothing.
   */
  async held(
    held: HeldManifest,
    kek: KeyEncryptionKey,
    { ids, manager }: { ids: readonly number[]; manager: EntityManager },
  ): Promise<number[]> {
    const dropped = held.manifest.dataKeys.filter(({ id, state }) => state === 'dropped' && ids.includes(id));
    if (dropped.length === 0) return [];
    const wrapped = await this.store.wrappings(
      manager,
      kek.id,
      dropped.map(({ id }) => id),
    );
    const rows = { wrapped, present: new Set(wrapped.keys()) };
    const found: number[] = [];
    for (const dataKey of dropped) {
      try {
        await this.unwrap(held.manifest, dataKey, kek, rows);
        found.push(dataKey.id);
      } catch (error) {
        if (!(error instanceof DataKeyUnreadable)) throw error;
      }
    }
    return found;
  }

  /** What stands in the database for a data key, whatever is in memory. Throws as `open`. */
  async unwrap(
    manifest: Manifest,
    dataKey: ManifestDataKey,
    kek: KeyEncryptionKey,
    rows: Pick<RingRows, 'wrapped' | 'present'>,
  ): Promise<DataKey> {
    const wrapped = wrappedKeyOf(requireListed(manifest, kek), wrappingOf(dataKey.id, kek, rows));
    return this.wrappings.open(manifest, dataKey, kek, wrapped);
  }
}

/** The data keys that values may be under. */
export const openIn = ({ dataKeys }: Manifest): ManifestDataKey[] => dataKeys.filter(({ state }) => state === 'open');

const servicesOf = ({ keks }: Manifest): ManifestKek[] => keks.filter(({ role }) => role === 'service');

/** The manifest's entry of a key-encryption key. Throws RingRefused unless a replica may be configured with it. */
export function requireListed(manifest: Manifest, kek: KeyEncryptionKey): ManifestKek {
  const services = servicesOf(manifest);
  const listed = services.find(({ id }) => id === kek.id);
  if (listed !== undefined) return listed;
  const others = services.map(({ id, reference }) => `${id} (${reference})`).join(', ');
  throw new RingRefused(
    `The configured key-encryption key ${kek.id} (${kek.description}) is none of this ring: its manifest lists ${others}. ` +
      'Configure one of those, or add this one by `key-connector kek add` from where one of those is configured.',
  );
}

/** Base64. */
export function wrappingOf(
  id: number,
  kek: KeyEncryptionKey,
  { wrapped, present }: Pick<RingRows, 'wrapped' | 'present'>,
): string {
  const wrappedKey = wrapped.get(id);
  if (wrappedKey !== undefined && present.has(id)) return wrappedKey;
  const what = present.has(id)
    ? `DataKeyWrappings has no row for it under ${kek.id} (${kek.description})`
    : 'DataKeys has no row for it';
  throw new DataKeyUnreadable(
    `The manifest of this ring names data key ${id}, but ${what}. Restore that row from a backup. Nothing was changed in the database.`,
  );
}
