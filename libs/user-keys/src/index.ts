export { takeJsonAsBytes } from './json-body.js';
export { type MemberHistory, MemberKeys, type MemberKeysOptions } from './member-keys.js';
export {
  MemberUnknown,
  ReplacedKeyRefused,
  UserKeyAlreadyStored,
  UserKeyInvalid,
  UserKeyNotFound,
  UserKeyStoredRecently,
} from './user-keys.errors.js';
export { MemberKeysModule, UserKeysModule } from './user-keys.module.js';
export { userKeysSettingsSchema, type UserKeysSettings } from './user-keys.settings.js';
