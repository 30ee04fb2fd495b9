import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { documentHash, type Manifest, writeManifest } from '../manifest/manifest.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import type { RingSigner } from '../manifest/ring-identity.js';
import { RingLoader, type RingState } from '../manifest/ring-loader.js';
import type { HeldManifest } from '../manifest/succession.js';
import { ChangedRows } from './changed-rows.js';
import { RingChanged, RingChangeRefused } from './changes.errors.js';

/** What a version may say otherwise than the one before it. */
export type ManifestChanges = Partial<Omit<Manifest, 'format' | 'version' | 'previous'>>;

/** Rounds in which rows that are not the ring's are deleted, some sixteen in each. */
const mostRounds = 256;

/** Writes the version that follows one, inside of the caller's transaction. */
@Injectable()
export class ManifestWriter {
  constructor(
    private readonly loader: RingLoader,
    private readonly manifests: ManifestStore,
    private readonly rows: ChangedRows,
  ) {}

  /**
   * Deletes what stands above and was judged not authentic, row by row: whatever came since is another operator's, and
   * the primary key decides between the two.
   *
   * @throws RingChanged when the version before is no longer the newest one.
   */
  async write(
    manager: EntityManager,
    held: HeldManifest,
    changes: ManifestChanges,
    signer: RingSigner,
  ): Promise<HeldManifest> {
    const manifest = { ...held.manifest, ...changes, version: held.version + 1, previous: documentHash(held.document) };
    const document = writeManifest(manifest);
    await this.clear(manager, held);
    const row = { version: manifest.version, document, signature: signer.sign(document) };
    await this.manifests.insert(manager, row);
    // Replicas that do not know a new identity must not go on under the old one: their fences find it gone.
    if (signer.identity.fingerprint !== held.identity.fingerprint)
      await this.rows.removeManifestsUpTo(manager, held.version);
    return { ...row, manifest, identity: signer.identity };
  }

  private async clear(manager: EntityManager, held: HeldManifest): Promise<void> {
    for (let round = 0; round < mostRounds; round += 1) {
      const now = await this.loader.follow(manager, held);
      if (now.gone || now.held.version !== held.version) throw new RingChanged(held.version, now.held.version);
      requireUnderstood(now);
      if (now.passedOver.length === 0) return;
      await this.manifests.remove(manager, now.passedOver);
    }
    throw new RingChangeRefused(
      `RingManifests holds thousands of rows above version ${held.version} that somebody wrote into the database. Find out who; ` +
        `while no other operator changes the ring, delete them (those with a Version above ${held.version}), and run the command again.`,
    );
  }
}

/** A newer version of this software has changed the ring: this one cannot tell how. */
function requireUnderstood({ unreadable }: Pick<RingState, 'unreadable'>): void {
  if (unreadable !== undefined)
    throw new RingChangeRefused(
      `Version ${unreadable.version} of the ring's manifest is signed by the ring, and cannot be followed from here: it was made by a ` +
        'newer version of this software, or the versions before it are gone. Run the command of the newer version, or restore RingManifests from a backup.',
    );
}
