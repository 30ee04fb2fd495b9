import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ManifestMoved } from '../key-ring.errors.js';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import type { HeldManifest } from '../manifest/succession.js';
import { DataKeys } from './data-keys.js';
import { ForeignValues } from './foreign-values.js';
import { KnownValues } from './known-values.js';

/** What is asked before a command changes the ring, or an import seals under it: whether stored values are under it. */
@Injectable()
export class OwnValues {
  constructor(
    private readonly dataKeys: DataKeys,
    private readonly foreignValues: ForeignValues,
    private readonly knownValues: KnownValues,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'identity'>,
  ) {}

  /**
   * The whole look of a start without a pin; with one nothing is looked at. Only reads.
   *
   * @throws RingRefused and DataKeyUnreadable where a start would be refused; ManifestMoved, worth another try with the
   * newest one.
   */
  async require(held: HeldManifest, kek: KeyEncryptionKey, manager: EntityManager): Promise<void> {
    if (this.settings.identity.length > 0) return;
    await this.foreignValues.find(held, kek, manager);
    const rows = await this.dataKeys.read(manager, held, kek.id);
    if (rows === undefined) throw new ManifestMoved();
    // As the manifest has it: a stricter layout of the settings may be what a command is to bring about.
    await this.knownValues.openMost(
      await this.dataKeys.open(held, kek, { rows, layout: held.manifest.layout }),
      manager,
    );
  }
}
