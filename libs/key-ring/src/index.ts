export { pinOf } from './manifest/ring-pin.js';
export { type ClassicKey, ClassicKeys, type RingToFill } from './data-keys/classic-keys.js';
export {
  ClassicKeyUnreadable,
  DataKeyLost,
  DataKeyUnreadable,
  NotReady,
  RingRefused,
  RingUnusable,
  UserKeyUnreadable,
  ValueLayoutRefused,
} from './key-ring.errors.js';
export { KeyRing, type KeyRingSummary, type Sealer } from './key-ring.js';
export { KeyRingModule } from './key-ring.module.js';
export { type KeyRingSettings, keyRingSettingsSchema } from './key-ring.settings.js';
export { dataKeyCheck } from './manifest/data-key-check.js';
export {
  type Manifest,
  type ManifestDataKey,
  type ManifestKek,
  documentHash,
  writeManifest,
} from './manifest/manifest.js';
export { ManifestStore, type SeenManifest } from './manifest/manifest-store.js';
export { identityRow, RingIdentity, RingSigner } from './manifest/ring-identity.js';
export { type Followed, type PassedOver, RingLoader, type RingState } from './manifest/ring-loader.js';
export { formatRingPin, parseRingPin, type RingPin } from './manifest/ring-pin.js';
export type { HeldManifest, ManifestObstacle, ManifestRefusal, ManifestRow } from './manifest/succession.js';
export { type OpenedRing, RingLook, type StoredFacts } from './ring-look.js';
export { OpeningFailure } from './values/opening-failure.js';
export type { Ring } from './values/ring.js';
