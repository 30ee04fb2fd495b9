export { JsonImport, type JsonImportResult } from './json-import/json-import.js';
export { JsonImportConflict, JsonImportRefused } from './json-import/json-import.errors.js';
export { DataKeyLost, DataKeyUnreadable, NotReady, UserKeyUnreadable, ValueLayoutRefused } from './key-ring.errors.js';
export { KeyRing, type KeyRingSummary } from './key-ring.js';
export { KeyRingModule } from './key-ring.module.js';
export { type KeyRingSettings, keyRingSettingsSchema } from './key-ring.settings.js';
