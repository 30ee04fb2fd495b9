export { takeJsonAsBytes } from './json-body.js';
export { UserKeyAlreadyStored, UserKeyInvalid, UserKeyNotFound, UserKeyStoredRecently } from './user-keys.errors.js';
export { UserKeysModule } from './user-keys.module.js';
export { userKeysSettingsSchema, type UserKeysSettings } from './user-keys.settings.js';
