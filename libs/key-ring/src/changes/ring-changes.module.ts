import { type DynamicModule, Module } from '@nestjs/common';
import { DataKeyDrop } from './data-key-drop.js';
import { DataKeyRotation } from './data-key-rotation.js';
import { EveryKey } from './every-key.js';
import { KekChanges } from './kek-changes.js';
import { LayoutDowngrade } from './layout-downgrade.js';
import { LayoutUpgrade } from './layout-upgrade.js';
import { Reencryption } from './reencryption.js';
import { ManifestWriter } from './manifest-writer.js';
import { NeededDataKeys } from './needed-data-keys.js';
import { RingAdoption } from './ring-adoption.js';
import { RecoveryChanges } from './recovery-changes.js';
import { RecoveryOpening } from './recovery-opening.js';
import { RecoveryRestore } from './recovery-restore.js';
import { RingChanges } from './ring-changes.js';
import { RingRekey } from './ring-rekey.js';
import { ChangedRows } from './changed-rows.js';

const changes = [
  DataKeyDrop,
  DataKeyRotation,
  KekChanges,
  LayoutDowngrade,
  LayoutUpgrade,
  RecoveryChanges,
  RecoveryRestore,
  Reencryption,
  RingAdoption,
  RingChanges,
  RingRekey,
];

/** Provides what changes a ring, for operators: the service itself has none of it. */
@Module({
  providers: [...changes, ChangedRows, EveryKey, ManifestWriter, NeededDataKeys, RecoveryOpening],
  exports: changes,
})
export class RingChangesModule {
  /** On the rooms of one deployment: its database, and its key ring. */
  static on(...rooms: readonly DynamicModule[]): DynamicModule {
    return { module: RingChangesModule, imports: [...rooms] };
  }
}
