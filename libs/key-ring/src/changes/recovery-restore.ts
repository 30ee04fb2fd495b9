import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Database } from '@key-connector/database';
import type { OpenRecoveryKey } from '@key-connector/recovery-keys';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CountingManifest } from '../data-keys/counting-manifest.js';
import { DataKeys } from '../data-keys/data-keys.js';
import type { Manifest, ManifestKek } from '../manifest/manifest.js';
import { identityRow, RingSigner } from '../manifest/ring-identity.js';
import type { HeldManifest } from '../manifest/succession.js';
import { classicDataKeyId, takeSecret } from '../values/data-key.js';
import { ChangedRows } from './changed-rows.js';
import { RingChanged, RingChangeRefused } from './changes.errors.js';
import { byId, kekWrapper, type PlainKey, serviceEntry, wrapForClassicSoftware } from './kek-wrapper.js';
import { ManifestWriter } from './manifest-writer.js';
import { RecoveryOpening } from './recovery-opening.js';

/**
 * Brings a ring back under a new key-encryption key, when every one of the service's is gone for good. No key provider
 * but the new one is asked.
 *
 * @example
 * const held = await restore.look();
 * await restore.drill(held, opened);
 * const next = await restore.run(held, opened, await restore.newKey());
 */
@Injectable()
export class RecoveryRestore {
  constructor(
    private readonly database: Database,
    private readonly counting: CountingManifest,
    private readonly writer: ManifestWriter,
    private readonly dataKeys: DataKeys,
    private readonly rows: ChangedRows,
    private readonly opening: RecoveryOpening,
  ) {}

  /**
   * The manifest that counts here; only reads.
   *
   * @throws RingRefused where rows stand there and none counts, or several could; RingChangeRefused where there is
   * none.
   */
  async look(): Promise<HeldManifest> {
    return this.database.snapshot((manager) => this.held(manager));
  }

  /**
   * Opens every data key and the identity with a recovery key, and compares them; changes nothing. Gives the ids of the
   * data keys.
   *
   * @throws as `RecoveryOpening.withPlainKeys`.
   */
  async drill({ manifest }: HeldManifest, opened: OpenRecoveryKey): Promise<number[]> {
    return this.database.snapshot((manager) =>
      this.opening.withPlainKeys(manager, manifest, opened, (plain) =>
        Promise.resolve(plain.map(({ id }) => id).filter((id) => id !== identityRow)),
      ),
    );
  }

  /**
   * The key-encryption key of the settings, under which the ring is to come back; whatever version the lost one had.
   */
  async newKey(): Promise<KeyEncryptionKey> {
    return this.dataKeys.openKey(undefined);
  }

  /** The keys of the service that a restore gives up. */
  lost({ manifest }: HeldManifest, { id }: KeyEncryptionKey): ManifestKek[] {
    return manifest.keks.filter((kek) => kek.role === 'service' && kek.id !== id);
  }

  /**
   * Wraps everything under the new key, and anew under every recovery key, and signs the next version, which does not
   * list the lost ones. All of it is one transaction.
   *
   * @throws RingChanged when another operator was faster; as `drill`; RingChangeRefused when the new key is a recovery
   * key.
   */
  async run(seen: HeldManifest, opened: OpenRecoveryKey, kek: KeyEncryptionKey): Promise<HeldManifest> {
    this.requireMayRun(seen, kek);
    return this.database.lock(async (manager) => {
      const held = await this.held(manager);
      if (held.version !== seen.version || held.signature !== seen.signature)
        throw new RingChanged(seen.version, held.version);
      const { manifest } = held;
      const recovery = manifest.keks.filter(({ role }) => role === 'recovery');
      const keks = [...recovery, await serviceEntry(kek)].toSorted(byId);
      return this.opening.withPlainKeys(manager, manifest, opened, async (plain) => {
        for (const each of plain) {
          const wrappings = [];
          for (const to of keks) wrappings.push(await kekWrapper(to, [kek]).wrap(each));
          await this.rows.putWrappings(manager, wrappings);
        }
        for (const { id } of this.lost(held, kek)) await this.rows.removeWrappings(manager, id);
        if (isOpen(manifest, classicDataKeyId)) await this.keepClassicSoftwareGoing(manager, plain, kek);
        return this.writer.write(manager, held, { keks }, signerIn(plain));
      });
    });
  }

  /** What run would refuse before it opens anything. */
  requireMayRun({ manifest }: HeldManifest, kek: KeyEncryptionKey): void {
    if (manifest.keks.some(({ id, role }) => id === kek.id && role === 'recovery'))
      throw new RingChangeRefused(
        `The configured key-encryption key ${kek.id} (${kek.description}) is a recovery key of this ring: what is kept offline ` +
          'must not serve. Configure a new one.',
      );
  }

  private async held(manager: EntityManager): Promise<HeldManifest> {
    const state = await this.counting.find(manager);
    if (state === undefined)
      throw new RingChangeRefused(
        `${this.database.description} holds no manifest of a ring, so there is nothing to bring back. Is it ` +
          'the right database? RingManifests must come from the same backup as the rest.',
      );
    return state.held;
  }

  /** Where there is a classic data key, its own software finds it under the new key. */
  private async keepClassicSoftwareGoing(
    manager: EntityManager,
    plain: readonly PlainKey[],
    kek: KeyEncryptionKey,
  ): Promise<void> {
    const classic = plain.find(({ id }) => id === classicDataKeyId);
    if (classic === undefined) return;
    const dataKey = { id: classic.id, secret: takeSecret(Uint8Array.from(classic.bytes)) };
    await this.rows.putApplicationData(manager, await wrapForClassicSoftware(kek, dataKey));
  }
}

const isOpen = ({ dataKeys }: Manifest, id: number): boolean =>
  dataKeys.some((dataKey) => dataKey.id === id && dataKey.state === 'open');

function signerIn(plain: readonly PlainKey[]): RingSigner {
  const seed = plain.find(({ id }) => id === identityRow);
  if (seed === undefined) throw new RangeError('The seed of the identity is among what was opened.');
  return RingSigner.of(seed.bytes);
}
