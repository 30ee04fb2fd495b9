export { type KeyRingSettings, keyRingSettingsSchema } from './key-ring.settings.js';
