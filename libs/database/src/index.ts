export {
  DatabaseReadOnly,
  DatabaseRowLocked,
  DatabaseSessionWrong,
  DatabaseUnavailable,
  DatabaseUnexpected,
  DatabaseUnsupported,
  SchemaNewer,
} from './errors/database.errors.js';
export { DatabaseModule } from './database.module.js';
export { Database } from './database.js';
export { loginFiles } from './login-settings.js';
export type { DatabaseSession } from './open-place.js';
export { databaseSettingsSchema, type DatabaseSettings, leftoverDatabaseSettings } from './database.settings.js';
export { Expectation } from './migrations/expectation.js';
export { Migrations } from './migrations/migrations.js';
export { type DatedUserKey, type NewUserKey, UserKeyRows } from './user-keys/user-key-rows.js';
export { UserKey } from './user-keys/user-key.entity.js';
export type {
  ManifestVersion,
  RingFence,
  SeenUserKey,
  StoredUserKey,
  UserKeyStatements,
  UserKeySwap,
} from './dialect/user-key.statements.js';
export { fromUtcText, toUtcText, UtcColumn } from './dialect/utc-column.js';
