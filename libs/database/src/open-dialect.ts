import type { DatabaseSettings } from './database.settings.js';
import type { Dialect } from './dialect/dialect.js';

type Provider = DatabaseSettings['provider'];
type SettingsOf<P extends Provider> = Extract<DatabaseSettings, { provider: P }>;

/** A driver is loaded only when it is chosen. */
const dialects: { readonly [P in Provider]: (settings: SettingsOf<P>) => Promise<Dialect> } = {
  postgresql: async (settings) => {
    const { PostgresqlDialect } = await import('./postgresql/postgresql.dialect.js');
    return new PostgresqlDialect(settings);
  },
  mysql: async (settings) => {
    const { MysqlDialect } = await import('./mysql/mysql.dialect.js');
    return new MysqlDialect(settings);
  },
  sqlite: async (settings) => {
    const { SqliteDialect } = await import('./sqlite/sqlite.dialect.js');
    return new SqliteDialect(settings.connection);
  },
  sqlserver: async (settings) => {
    const { SqlserverDialect } = await import('./sqlserver/sqlserver.dialect.js');
    return new SqlserverDialect(settings);
  },
};

/** The dialect of the chosen database. */
export function openDialect(settings: DatabaseSettings): Promise<Dialect> {
  // The map is total over the providers, which the compiler cannot follow for a union.
  const open = dialects[settings.provider] as (settings: DatabaseSettings) => Promise<Dialect>;
  return open(settings);
}
