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
export { type DatabaseFacts, DatabaseLook } from './database-look.js';
export { loginFiles } from './login-settings.js';
export type { DatabaseSession } from './open-place.js';
export { databaseSettingsSchema, type DatabaseSettings, leftoverDatabaseSettings } from './database.settings.js';
export { Expectation } from './migrations/expectation.js';
export { Migrations } from './migrations/migrations.js';
export { type HistoryEntry, UserKeyHistory } from './user-keys/user-key-history.js';
export { type DatedUserKey, type NewUserKey, UserKeyRows } from './user-keys/user-key-rows.js';
export {
  type Page,
  type SealedRow,
  type SealedTable,
  sealedTables,
  SealedValues,
  type ValuesOf,
} from './user-keys/sealed-values.js';
export { LayoutGuard, LayoutGuardDenied } from './layout-guard.js';
export type { GuardedLayout } from './dialect/layout-guard.js';
export { fenceHolds } from './user-keys/ring-fence.js';
export { UserKey } from './user-keys/user-key.entity.js';
export { longestWrite } from './dialect/user-key.statements.js';
export { nobody } from './dialect/dialect.js';
export type {
  Access,
  FoundUserKey,
  HistoryCause,
  KeptUserKey,
  ManifestVersion,
  RingFence,
  SeenUserKey,
  StoredUserKey,
  SwapRefusal,
  UserKeyStatements,
  UserKeyReseal,
  UserKeySwap,
} from './dialect/user-key.statements.js';
export { fromUtcText, toUtcText, UtcColumn } from './dialect/utc-column.js';
