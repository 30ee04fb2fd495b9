export { type ClassicKey, ClassicKeys } from './data-keys/classic-keys.js';
export {
  ClassicKeyUnreadable,
  DataKeyLost,
  DataKeyUnreadable,
  NotReady,
  UserKeyUnreadable,
  ValueLayoutRefused,
} from './key-ring.errors.js';
export { KeyRing, type KeyRingSummary, type Sealer } from './key-ring.js';
export { KeyRingModule } from './key-ring.module.js';
export { type KeyRingSettings, keyRingSettingsSchema } from './key-ring.settings.js';
export { OpeningFailure } from './values/opening-failure.js';
export type { Ring } from './values/ring.js';
