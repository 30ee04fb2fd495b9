export { DatabaseReadOnly, DatabaseUnavailable, DatabaseUnsupported, SchemaNewer } from './database.errors.js';
export { DatabaseModule } from './database.module.js';
export { Database } from './database.service.js';
export { databaseSettingsSchema, type DatabaseSettings } from './database.settings.js';
export { Dialect, type Failure } from './dialects/dialect.js';
export { UserKey } from './entities/user-key.entity.js';
export { Migrations } from './migrations/migrations.js';
export type { StoredUserKey, UserKeyStatements } from './statements/user-key.statements.js';
export { fromUtcText, toUtcText, UtcColumn } from './utc.column.js';
