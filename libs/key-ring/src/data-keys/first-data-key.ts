import { randomBytes, timingSafeEqual } from 'node:crypto';
import { dataKeyLength, type KeyEncryptionKey, type WrappedKey } from '@key-connector/crypto-providers';
import { Expectation, UserKeyRows } from '@key-connector/database';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DataKeyLost, DataKeyUnreadable, RingRefused } from '../key-ring.errors.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import { type ManifestKek, writeManifest } from '../manifest/manifest.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import { identityRow, RingSigner } from '../manifest/ring-identity.js';
import { classicDataKeyId, type DataKey, takeSecret } from '../values/data-key.js';
import { Ring } from '../values/ring.js';
import { atLeast, type ValueLayout } from '../values/value-layout.js';
import { EveryValue } from './every-value.js';
import { KnownValues } from './known-values.js';
import { type DatabaseContents, type NewWrapping, RingStore } from './ring-store.js';
import { Wrappings } from './wrappings.js';

const firstBoundDataKeyId = 1;

/** Makes a database's ring: identity, first data key and manifest, in one transaction. Inserts, never updates. */
@Injectable()
export class FirstDataKey {
  private readonly logger = new Logger(FirstDataKey.name);
  private fingerprint: string | undefined;

  constructor(
    private readonly store: RingStore,
    private readonly manifests: ManifestStore,
    private readonly wrappings: Wrappings,
    private readonly userKeys: UserKeyRows,
    private readonly expectation: Expectation,
    private readonly knownValues: KnownValues,
    private readonly everyValue: EveryValue,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'valueLayout'>,
  ) {}

  /** The ring that this process has made, if it has. */
  get made(): string | undefined {
    return this.fingerprint;
  }

  /**
   * Of a database without a manifest: the wrapped data key of a classic deployment that may be adopted without a word,
   * base64; `undefined` where a new ring may be made. Only reads.
   *
   * @throws RingRefused, or DataKeyLost, where nothing may be made.
   */
  async requireRoom(manager: EntityManager): Promise<string | undefined> {
    const contents = await this.store.contents(manager);
    requireUnused(contents);
    const { symmetricKey, members } = contents;
    if (symmetricKey === undefined && members)
      throw new DataKeyLost(
        'There are user keys in the database (UserKeys), but no data key (DataKeys and ApplicationDatas are empty). ' +
          'A new data key could open none of them, so none was created. Restore those tables from a backup.',
      );
    if (symmetricKey !== undefined && !members)
      throw new RingRefused(
        'There is a data key in ApplicationDatas, and no user key that it opens: somebody may have put it there. If it is that ' +
          'of a classic deployment without members, take it over by `key-connector ring adopt`; if it is nobody’s, delete the row.',
      );
    return symmetricKey;
  }

  /**
   * Call under the database's lock, with its manager, where there is no manifest; a primary key may say that there is.
   */
  async establish(kek: KeyEncryptionKey, manager: EntityManager): Promise<void> {
    const symmetricKey = await this.requireRoom(manager);
    if (symmetricKey !== undefined) return this.adopt(kek, manager, symmetricKey);
    await this.expectation.beforeFirstDataKey(manager);
    return this.create(kek, manager, this.settings.valueLayout === 'classic');
  }

  /**
   * The ring of a classic data key that an import brings into an empty database: it goes where a classic deployment's
   * own software reads it too. Call as `establish`.
   */
  async establishImported(
    kek: KeyEncryptionKey,
    manager: EntityManager,
    { wrapped, dataKey }: { readonly wrapped: string; readonly dataKey: DataKey },
  ): Promise<void> {
    const contents = await this.store.contents(manager);
    if (contents.symmetricKey !== undefined || contents.members) return this.establish(kek, manager);
    requireUnused(contents);
    await this.expectation.beforeFirstDataKey(manager);
    await this.store.insertApplicationData(manager, wrapped);
    await this.insertRing(kek, manager, dataKey, 'classic');
    this.logger.log({ msg: 'made a ring with the data key of an import', keyEncryptionKey: kek.id });
  }

  /** For the classic layout the data key also goes where a classic deployment's own software reads it. */
  private async create(kek: KeyEncryptionKey, manager: EntityManager, classic: boolean): Promise<void> {
    const bytes = randomBytes(dataKeyLength);
    try {
      if (classic) {
        const { ciphertext } = await wrapAndOpen(bytes, kek, kek.classicAlgorithm);
        await this.store.insertApplicationData(manager, Buffer.from(ciphertext).toString('base64'));
      }
      const dataKey = { id: classic ? classicDataKeyId : firstBoundDataKeyId, secret: takeSecret(Buffer.from(bytes)) };
      await this.insertRing(kek, manager, dataKey, classic ? 'classic' : 'boundOnly');
      this.logger.log({ msg: 'created the first data key', dataKeyId: dataKey.id, keyEncryptionKey: kek.id });
    } finally {
      bytes.fill(0);
    }
  }

  /**
   * Registers a classic deployment's data key as number 0, once it has opened and is seen to open all that is stored: a
   * wrong one would stay registered. Its own row stays as it is.
   */
  private async adopt(kek: KeyEncryptionKey, manager: EntityManager, wrappedKey: string): Promise<void> {
    const dataKey = await this.wrappings.openClassic(kek, wrappedKey);
    const layout = atLeast('classic', this.settings.valueLayout);
    await this.knownValues.check(new Ring(new Map([[dataKey.id, dataKey]]), dataKey, layout), manager);
    await this.everyValue.requireClassic(dataKey, manager);
    await this.insertRing(kek, manager, dataKey, 'classic');
    const members = await this.userKeys.count(manager);
    this.logger.log({ msg: 'adopted the data key of a classic deployment', members, keyEncryptionKey: kek.id });
  }

  private async insertRing(
    kek: KeyEncryptionKey,
    manager: EntityManager,
    dataKey: DataKey,
    layout: ValueLayout,
  ): Promise<void> {
    const seed = RingSigner.newSeed();
    const bytes = dataKey.secret.export();
    try {
      const signer = RingSigner.of(seed);
      const wrapped = await wrapAndOpen(seed, kek);
      await this.store.insertDataKey(manager, identityRow, [wrappingOf(identityRow, kek, wrapped)]);
      await this.store.insertDataKey(manager, dataKey.id, [wrappingOf(dataKey.id, kek, await wrapAndOpen(bytes, kek))]);
      const { identity } = signer;
      const document = writeManifest({
        format: 1,
        ring: identity.fingerprint,
        publicKey: identity.publicKey,
        version: 1,
        previous: null,
        activeDataKeyId: dataKey.id,
        dataKeys: [{ id: dataKey.id, check: dataKeyCheck(dataKey, identity.fingerprint), state: 'open' }],
        keks: [kekOf(kek, wrapped)],
        layout,
      });
      await this.manifests.insert(manager, { version: 1, document, signature: signer.sign(document) });
      this.wrappings.remember(dataKey);
      this.fingerprint = identity.fingerprint;
    } finally {
      seed.fill(0);
      bytes.fill(0);
    }
  }
}

/** A database that this service has used has a manifest; without one, nobody can tell what counts in it. */
function requireUnused({ dataKeys, history }: DatabaseContents): void {
  if (!dataKeys && !history) return;
  throw new RingRefused(
    `${dataKeys ? 'There are data keys (DataKeys, DataKeyWrappings)' : 'There is a history of user keys (UserKeyHistory)'} in the ` +
      'database, and no manifest that says which of them count (RingManifests is empty). Restore RingManifests from the backup that ' +
      'the others are from; if there is none, take over what is there by `key-connector ring adopt`, which opens every value first.',
  );
}

function kekOf(kek: KeyEncryptionKey, { algorithm, keyReference: reference }: WrappedKey): ManifestKek {
  return { id: kek.id, role: 'service', algorithm, reference, publicKey: kek.publicKey ?? null };
}

const wrappingOf = (dataKeyId: number, kek: KeyEncryptionKey, wrapped: WrappedKey): NewWrapping => ({
  dataKeyId,
  kekId: kek.id,
  keyReference: wrapped.keyReference,
  algorithm: wrapped.algorithm,
  wrappedKey: Buffer.from(wrapped.ciphertext).toString('base64'),
});

/** Wraps 32 bytes; the wrapping has been opened again and compared before anyone relies on it. */
async function wrapAndOpen(bytes: Buffer, kek: KeyEncryptionKey, algorithm?: string): Promise<WrappedKey> {
  const wrapped = await kek.wrap(bytes, algorithm);
  const reopened = await kek.unwrap(wrapped);
  try {
    if (reopened.length === bytes.length && timingSafeEqual(reopened, bytes)) return wrapped;
    throw new DataKeyUnreadable(
      `The key provider (${kek.description}) gave back another data key than it had wrapped.`,
    );
  } finally {
    reopened.fill(0);
  }
}
