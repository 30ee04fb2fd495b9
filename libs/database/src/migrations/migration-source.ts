import { DataSource } from 'typeorm';
import type { Dialect } from '../dialect/dialect.js';
import { openSource } from '../dialect/open-source.js';

/** Opens the short-lived data source of migrations for some work, and closes it however that ends. */
export async function withMigrationSource<T>(dialect: Dialect, work: (source: DataSource) => Promise<T>): Promise<T> {
  const source = new DataSource(dialect.migrationOptions);
  await openSource(dialect, source);
  try {
    return await work(source);
  } finally {
    await source.destroy();
  }
}
