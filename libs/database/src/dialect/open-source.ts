import type { DataSource } from 'typeorm';
import type { Dialect } from './dialect.js';

/**
 * Opens a data source and tells its dialect.
 *
 * TypeORM closes what it opened only when it fails late. Without this, each start that was tried in vain would leave a
 * pool behind, and with it a connection that the server keeps.
 */
export async function openSource(dialect: Dialect, source: DataSource): Promise<void> {
  try {
    await source.initialize();
  } catch (error) {
    // It says so when there is nothing to close, and then there is nothing to do.
    await source.driver.disconnect().catch(() => undefined);
    throw error;
  }
  dialect.opened?.(source);
  try {
    await dialect.check?.(source);
  } catch (error) {
    // The next try asks again.
    await source.destroy();
    throw error;
  }
}
