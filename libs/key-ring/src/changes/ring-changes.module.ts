import { type DynamicModule, Module } from '@nestjs/common';
import { DataKeyDrop } from './data-key-drop.js';
import { DataKeyRotation } from './data-key-rotation.js';
import { KekChanges } from './kek-changes.js';
import { Reencryption } from './reencryption.js';
import { ManifestWriter } from './manifest-writer.js';
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
  RecoveryChanges,
  RecoveryRestore,
  Reencryption,
  RingChanges,
  RingRekey,
];

/** Provides what changes a ring, for operators: the service itself has none of it. */
@Module({ providers: [...changes, ManifestWriter, ChangedRows, RecoveryOpening], exports: changes })
export class RingChangesModule {
  /** On the rooms of one deployment: its database, and its key ring. */
  static on(...rooms: readonly DynamicModule[]): DynamicModule {
    return { module: RingChangesModule, imports: [...rooms] };
  }
}
