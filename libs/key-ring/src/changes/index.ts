// What changes a ring, for operators: an entry of its own, so that the service loads none of it.
export { DataKeyDrop } from './data-key-drop.js';
export { DataKeyRotation } from './data-key-rotation.js';
export { KekChanges } from './kek-changes.js';
export { LayoutDowngrade } from './layout-downgrade.js';
export { type LayoutChangeOptions, LayoutUpgrade } from './layout-upgrade.js';
export { RecoveryChanges } from './recovery-changes.js';
export { RecoveryRestore } from './recovery-restore.js';
export { Reencryption, type ReencryptionResult } from './reencryption.js';
export { type Adoption, RingAdoption } from './ring-adoption.js';
export { RingChanges, type RingView } from './ring-changes.js';
export { RingChangesModule } from './ring-changes.module.js';
export { type PreparedIdentity, RingRekey } from './ring-rekey.js';
