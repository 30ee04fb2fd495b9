import { randomBytes } from 'node:crypto';
import { dataKeyLength, type KeyEncryptionKey, UnwrapFailed } from '@key-connector/crypto-providers';
import { Database } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DataKeys } from '../data-keys/data-keys.js';
import { RingStore } from '../data-keys/ring-store.js';
import { wrappedKeyOf, Wrappings } from '../data-keys/wrappings.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import { type Manifest, type ManifestKek, writeManifest } from '../manifest/manifest.js';
import { ManifestStore, type SeenManifest } from '../manifest/manifest-store.js';
import { identityRow, RingSigner } from '../manifest/ring-identity.js';
import { RingLoader, type RingState } from '../manifest/ring-loader.js';
import type { HeldManifest } from '../manifest/succession.js';
import { classicDataKeyId, type DataKey, takeSecret } from '../values/data-key.js';
import { ChangedRows } from './changed-rows.js';
import { RingChangeRefused } from './changes.errors.js';
import { freeDataKeyIds } from './data-key-rotation.js';
import { kekWrapper, type PlainKey, serviceEntry } from './kek-wrapper.js';
import { NeededDataKeys, type ValuesFound } from './needed-data-keys.js';

/** Rows of RingManifests that do not count, of which so many are deleted; and rows of DataKeys that are looked at. */
const most = 1_000;

/** What an operator says of a ring to take over. */
export interface AdoptionOptions {
  /** Versions of an earlier manifest that anybody may remember, for the new one to be above. */
  readonly above: number;
  /** Under the identity that DataKeyWrappings holds, because only the manifest was lost; otherwise under a new one. */
  readonly identity: boolean;
  /** The data keys to take over; those that values need, and that open, when left out. */
  readonly dataKeys?: readonly number[] | undefined;
}

/** What would be taken over. */
export interface Adoption extends ValuesFound {
  readonly options: AdoptionOptions;
  /** Nothing but a classic deployment: it goes on as one. Otherwise a new data key is made, and written with. */
  readonly classic: boolean;
  /** Data keys to take over, each with the number of values and rows of the history that need it. */
  readonly dataKeys: readonly { readonly id: number; readonly values: number }[];
  /** Rows of DataKeys that are left out: what is there under them does not open, or nothing needs them. */
  readonly leftOut: readonly number[];
  /** Of RingManifests: what does not count, and goes. */
  readonly replaced: readonly SeenManifest[];
}

/** What stands in the database, as far as it opens. */
interface Found {
  readonly kek: KeyEncryptionKey;
  readonly entry: ManifestKek;
  readonly opened: ReadonlyMap<number, DataKey>;
  readonly rows: readonly number[];
  /** Whether ApplicationDatas holds data key 0. */
  readonly classic: boolean;
  readonly replaced: readonly SeenManifest[];
}

/**
 * Makes a manifest for a database that has none that counts, on an operator's word: of an older version of this
 * software, of a classic deployment that is not whole, or where RingManifests was lost. What is taken over may have
 * been put there by anybody, so nothing is written under it: it opens what is stored, no more.
 */
@Injectable()
export class RingAdoption {
  constructor(
    private readonly database: Database,
    private readonly loader: RingLoader,
    private readonly manifests: ManifestStore,
    private readonly store: RingStore,
    private readonly dataKeys: DataKeys,
    private readonly wrappings: Wrappings,
    private readonly rows: ChangedRows,
    private readonly needed: NeededDataKeys,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'identity'>,
  ) {}

  /**
   * Opens every value, the history's too; only reads.
   *
   * @throws RingChangeRefused where a ring counts already, or what is asked for is not there.
   */
  async look(options: AdoptionOptions): Promise<Adoption> {
    const found = await this.database.snapshot((manager) => this.find(manager));
    const given = options.dataKeys ?? [...found.opened.keys()];
    const missing = given.filter((id) => !found.opened.has(id));
    if (missing.length > 0)
      throw new RingChangeRefused(
        `No data key ${missing.join(', ')} is wrapped under ${found.kek.id} (${found.kek.description}), or it does not open.`,
      );
    if (options.identity) (await this.database.snapshot((manager) => this.knownSigner(manager, found))).seed.fill(0);
    const values = await this.needed.count(new Map([...found.opened].filter(([id]) => given.includes(id))));
    const taken = given.filter((id) => options.dataKeys !== undefined || (values.needing.get(id) ?? 0) > 0);
    const only0 = found.classic && [...found.rows, ...taken].every((id) => id === classicDataKeyId);
    const classic = only0 && values.bound === 0;
    const ids = classic ? [classicDataKeyId] : taken.toSorted((one, other) => one - other);
    return {
      ...values,
      options,
      classic,
      dataKeys: ids.map((id) => ({ id, values: values.needing.get(id) ?? 0 })),
      leftOut: found.rows.filter((id) => !ids.includes(id)),
      replaced: found.replaced,
    };
  }

  /**
   * Signs the manifest, in one transaction.
   *
   * @throws RingChangeRefused where somebody else was faster. Nothing was changed then.
   */
  async adopt(adoption: Adoption): Promise<HeldManifest> {
    return this.database.lock(async (manager) => {
      const found = await this.find(manager);
      if (JSON.stringify(found.replaced) !== JSON.stringify(adoption.replaced)) throw changedMeanwhile();
      const { seed, signer } = adoption.options.identity
        ? await this.knownSigner(manager, found)
        : await this.newSigner(manager, found);
      try {
        return await this.write(manager, found, adoption, signer);
      } finally {
        seed.fill(0);
      }
    });
  }

  private async write(
    manager: EntityManager,
    found: Found,
    { options, classic, dataKeys, replaced, classicValues }: Adoption,
    signer: RingSigner,
  ): Promise<HeldManifest> {
    const { identity } = signer;
    const kept = dataKeys.flatMap(({ id }) => found.opened.get(id) ?? []);
    if (kept.length < dataKeys.length) throw changedMeanwhile();
    for (const { id, secret } of kept)
      if (!found.rows.includes(id)) await this.insert(manager, found, id, secret.export());
    const fresh = classic ? undefined : await this.freshDataKey(manager, found);
    const entries = [...kept, ...(fresh ? [fresh] : [])].map((dataKey) => ({
      id: dataKey.id,
      check: dataKeyCheck(dataKey, identity.fingerprint),
      state: 'open' as const,
    }));
    const version = Math.max(options.above, ...this.settings.identity.map(({ least }) => least), 0) + 1;
    const manifest: Manifest = {
      format: 1,
      ring: identity.fingerprint,
      publicKey: identity.publicKey,
      version,
      previous: null,
      activeDataKeyId: fresh?.id ?? classicDataKeyId,
      dataKeys: entries.toSorted((one, other) => one.id - other.id),
      keks: [found.entry],
      layout: classic ? 'classic' : classicValues > 0 ? 'bound' : 'boundOnly',
    };
    const document = writeManifest(manifest);
    await this.manifests.remove(manager, replaced);
    const row = { version, document, signature: signer.sign(document) };
    await this.manifests.insert(manager, row);
    return { ...row, manifest, identity };
  }

  private async freshDataKey(manager: EntityManager, found: Found): Promise<DataKey> {
    const id = freeDataKeyIds([classicDataKeyId, ...found.rows, ...found.opened.keys()]).next().value;
    const bytes = randomBytes(dataKeyLength);
    const secret = takeSecret(Uint8Array.from(bytes));
    await this.insert(manager, found, id, bytes);
    return { id, secret };
  }

  /** Inserts a data key with its wrapping; wipes the bytes. */
  private async insert(manager: EntityManager, found: Found, id: number, bytes: Buffer): Promise<void> {
    try {
      await this.rows.insertDataKey(manager, id);
      await this.wrap(manager, found, { id, bytes });
    } finally {
      bytes.fill(0);
    }
  }

  private async wrap(manager: EntityManager, { kek, entry }: Found, plain: PlainKey): Promise<void> {
    await this.rows.putWrappings(manager, [await kekWrapper(entry, [kek]).wrap(plain)]);
  }

  private async newSigner(manager: EntityManager, found: Found): Promise<{ seed: Uint8Array; signer: RingSigner }> {
    const seed = RingSigner.newSeed();
    if ((await this.rows.taken(manager, [identityRow])).length === 0)
      await this.rows.insertDataKey(manager, identityRow);
    await this.wrap(manager, found, { id: identityRow, bytes: seed });
    return { seed, signer: RingSigner.of(seed) };
  }

  /** The identity whose seed is there, and that settings name, if they name any; the caller wipes the seed. */
  private async knownSigner(manager: EntityManager, found: Found): Promise<{ seed: Uint8Array; signer: RingSigner }> {
    const wrapped = (await this.store.wrappings(manager, found.kek.id, [identityRow])).get(identityRow);
    if (wrapped === undefined)
      throw new RingChangeRefused(
        `DataKeyWrappings holds no identity under ${found.kek.id} (${found.kek.description}). Restore its row -1 from a backup, or ` +
          'run key-connector ring adopt without --identity: the ring gets a new one.',
      );
    const seed = await found.kek.unwrap(wrappedKeyOf(found.entry, wrapped));
    const signer = RingSigner.of(seed);
    const { identity: pins } = this.settings;
    if (pins.length === 0 || pins.some(({ fingerprint }) => fingerprint === signer.identity.fingerprint))
      return { seed, signer };
    seed.fill(0);
    throw new RingChangeRefused(
      `The identity in DataKeyWrappings is ${signer.identity.fingerprint}, and keyRing__identity names another one: somebody replaced it. ` +
        'Restore that row (-1) from a backup.',
    );
  }

  private async find(manager: EntityManager): Promise<Found> {
    this.requireNone(await this.loader.load(manager, this.settings.identity));
    const replaced = await this.manifests.all(manager, most + 1);
    const rows = await this.rows.dataKeys(manager, most + 1);
    if (Math.max(rows.length, replaced.length) > most)
      throw new RingChangeRefused(
        'RingManifests or DataKeys holds more than a thousand rows: somebody wrote them there. Delete what no backup of yours has, ' +
          'and find out who it was.',
      );
    const symmetricKey = await this.store.symmetricKey(manager);
    const kek = await this.dataKeys.openKey(undefined, symmetricKey);
    const entry = await serviceEntry(kek);
    const wrapped = rows.length > 0 ? await this.store.wrappings(manager, kek.id, rows) : new Map<number, string>();
    const opened = new Map<number, DataKey>();
    for (const [id, text] of wrapped) {
      const secret = await unwrapped(kek, entry, text);
      if (secret !== undefined) opened.set(id, { id, secret });
    }
    const classic = symmetricKey ? await this.wrappings.openClassic(kek, symmetricKey) : undefined;
    requireSame(classic, opened.get(classicDataKeyId));
    if (classic !== undefined) opened.set(classicDataKeyId, classic);
    return { kek, entry, opened, rows, classic: classic !== undefined, replaced };
  }

  /** Below the pin's least, a manifest does not count: see `CountingManifest`. */
  private requireNone({ held, tooMany, unreadable }: RingState): void {
    const pin = this.settings.identity.find(({ fingerprint }) => fingerprint === held?.identity.fingerprint);
    const counts = held !== undefined && held.version >= (pin?.least ?? 1);
    if (counts || unreadable !== undefined)
      throw new RingChangeRefused(
        `The database has a ring: ${held?.identity.fingerprint ?? 'of a newer version of this software'}. There is nothing to take ` +
          'over. If it is not yours, set keyRing__identity to yours, so that the other one does not count.',
      );
    if (tooMany)
      throw new RingChangeRefused(
        'RingManifests holds thousands of rows: somebody wrote them there. Delete those that no backup of yours has.',
      );
  }
}

const changedMeanwhile = (): RingChangeRefused =>
  new RingChangeRefused(
    'The database was changed while its values were opened: a replica was started, or another operator is at it. Nothing was changed by ' +
      'this command. Run it again.',
  );

function requireSame(classic: DataKey | undefined, listed: DataKey | undefined): void {
  if (classic === undefined || listed === undefined || classic.secret.equals(listed.secret)) return;
  throw new RingChangeRefused(
    'ApplicationDatas and DataKeyWrappings hold two different data keys 0: somebody put one of them there. Restore both tables from ' +
      'a backup, or delete the row of DataKeyWrappings where the deployment was a classic one until now.',
  );
}

async function unwrapped(
  kek: KeyEncryptionKey,
  entry: ManifestKek,
  wrapped: string,
): Promise<DataKey['secret'] | undefined> {
  try {
    return takeSecret(await kek.unwrap(wrappedKeyOf(entry, wrapped)));
  } catch (error) {
    if (error instanceof UnwrapFailed) return undefined;
    throw error;
  }
}
