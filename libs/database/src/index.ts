export { DatabaseReadOnly, DatabaseUnavailable, DatabaseUnsupported, SchemaNewer } from './errors/database.errors.js';
export { DatabaseModule } from './database.module.js';
export { Database, type DatabaseSession } from './database.js';
export { databaseSettingsSchema, type DatabaseSettings, leftoverDatabaseSettings } from './database.settings.js';
export { Migrations } from './migrations/migrations.js';
export { type DatedUserKey, type NewUserKey, UserKeyRows } from './user-keys/user-key-rows.js';
export { UserKey } from './user-keys/user-key.entity.js';
export type { StoredUserKey, UserKeyStatements } from './dialect/user-key.statements.js';
export { fromUtcText, toUtcText, UtcColumn } from './dialect/utc-column.js';
