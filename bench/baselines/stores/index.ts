import type { DatabaseKind } from '../../databases/index.ts';
import type { Store } from './store.ts';

/** One entry a database; a driver is loaded when it is chosen. */
const stores: Record<DatabaseKind, (url: string) => Promise<Store>> = {
  mysql: async (url) => (await import('./mysql.ts')).mysqlStore(url),
  postgresql: async (url) => (await import('./postgresql.ts')).postgresqlStore(url),
  sqlite: async (file) => (await import('./sqlite.ts')).sqliteStore(file),
};

/** The baseline's way to the database of this run. */
export function openStore(kind: DatabaseKind, url: string): Promise<Store> {
  return stores[kind](url);
}
