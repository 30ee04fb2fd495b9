import type { Product } from '../dialect/product.js';
import { parseSqlite, type SqliteConnection } from './connection-string.js';

/** SQLite in a file. */
export const sqlite = {
  name: 'SQLite',
  setting: 'sqliteConnectionString',
  url: undefined,
  parse: parseSqlite,
  cloudLogin: 'an SQLite file has no login',
  open: async (settings) => new (await import('./sqlite.dialect.js')).SqliteDialect(settings),
} as const satisfies Product<SqliteConnection>;
