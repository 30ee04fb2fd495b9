import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { type SealedTable, sealedTables, UserKeyRows } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ManifestMoved, RingRefused } from '../key-ring.errors.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import type { Manifest } from '../manifest/manifest.js';
import { RingLoader } from '../manifest/ring-loader.js';
import type { HeldManifest } from '../manifest/succession.js';
import { boundPrefix, headerOf } from '../values/bound.layout.js';
import { classicDataKeyId } from '../values/data-key.js';
import { longestValue } from '../values/ring.js';
import { DataKeys, openIn } from './data-keys.js';

/** Values that need a data key which the ring has not: somebody may have put another ring in its place. Only reads. */
@Injectable()
export class ForeignValues {
  constructor(
    private readonly userKeys: UserKeyRows,
    private readonly dataKeys: DataKeys,
    private readonly loader: RingLoader,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'identity'>,
  ) {}

  /**
   * The data keys that such values need: neither open in the manifest nor, where it has dropped them, seen to be those
   * that it means. With a pin it is known which ring is ours, whatever else is there; without one, a foreign value is a
   * reason to ask.
   *
   * @throws RingRefused where there is one, and no pin; ManifestMoved, worth another try, where the manifest is not the
   * last one any more: such a value may then be under a data key that has come since.
   */
  async find(held: HeldManifest, kek: KeyEncryptionKey, manager: EntityManager): Promise<number[]> {
    const needed = await this.neededBesideOpen(held.manifest, manager);
    const dropped = await this.dataKeys.held(held, kek, { ids: needed, manager });
    const foreign = needed.filter((id) => !dropped.includes(id));
    if (foreign.length === 0) return foreign;
    const { held: last, gone } = await this.loader.follow(manager, held);
    if (gone || last !== held) throw new ManifestMoved();
    if (this.settings.identity.length > 0) return foreign;
    throw new RingRefused(
      `There are user keys, or a history of them, under data keys that this ring has not, or has dropped (${foreign.join(', ')}; 0 is ` +
        'that of the classic layout): its manifest is older than they are, or somebody replaced the ring, or put them there. Restore ' +
        'RingManifests, DataKeys and DataKeyWrappings from the backup that these user keys are from; if the ring ' +
        `${held.identity.fingerprint} is yours all the same, as the line \`ready\` of earlier starts has it, set keyRing__identity to it.`,
    );
  }

  /** One in the classic layout has no header, and needs data key 0. */
  private async neededBesideOpen(manifest: Manifest, manager: EntityManager): Promise<number[]> {
    const open = openIn(manifest).map(({ id }) => id);
    const needed = new Set<number>();
    for (const table of sealedTables) {
      for (const id of await this.neededIn(table, manifest, manager)) needed.add(id);
      if (!open.includes(classicDataKeyId) && (await this.classicIn(table, manager))) needed.add(classicDataKeyId);
    }
    return [...needed];
  }

  /**
   * Looks on behind what is garbage, and behind values under a data key that the manifest calls dropped, until there is
   * one under another.
   */
  private async neededIn(table: SealedTable, manifest: Manifest, manager: EntityManager): Promise<Set<number>> {
    const others = openIn(manifest).map(({ id }) => `${boundPrefix}${id}.`);
    const named = manifest.dataKeys.map(({ id }) => id);
    const needed = new Set<number>();
    for await (const found of this.userKeys.beginnings(manager, table, { prefix: boundPrefix, others })) {
      for (const id of found.flatMap((beginning) => headerOf(beginning) ?? [])) needed.add(id);
      if ([...needed].some((id) => !named.includes(id))) break;
    }
    return needed;
  }

  private async classicIn(table: SealedTable, manager: EntityManager): Promise<boolean> {
    const limits = { prefix: boundPrefix, longest: longestValue };
    for await (const found of this.userKeys.beginningsWithout(manager, table, limits))
      if (found.some(mayBeClassic)) return true;
    return false;
  }
}

/** Whether a value that begins so may be one of a classic deployment: base64, and no garbage that fails by itself. */
const mayBeClassic = (beginning: string): boolean => /^[A-Za-z0-9+/]{78,}={0,2}$/.test(beginning);
