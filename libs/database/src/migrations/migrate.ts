import { Logger } from '@nestjs/common';
import { DataSource, MigrationExecutor } from 'typeorm';
import { DatabaseUnsupported, SchemaNewer } from '../database.errors.js';
import type { Dialect } from '../dialects/dialect.js';

const logger = new Logger('Migrations');

/**
 * Brings the tables to this version, by one process at a time, in one transaction that holds the lock: a killed migrator
 * leaves nothing half done, and nothing locked. When there is nothing to do, no lock is taken.
 *
 * @throws SchemaNewer when a newer version was here; DatabaseUnsupported when something is pending that must not be run.
 */
export async function migrate(source: DataSource, dialect: Dialect, allowed: boolean): Promise<void> {
  const pending = await pendingMigrations(new MigrationExecutor(source), source, dialect);
  if (pending.length === 0) return;
  if (!allowed) {
    throw new DatabaseUnsupported(
      `${dialect.description} lacks the migrations ${pending.join(', ')}; set database.migrate to true for one start, or start an instance that may migrate.`,
    );
  }
  const worker = new DataSource(dialect.migrationOptions);
  await worker.initialize();
  try {
    const done = await dialect.lock(worker, async (manager) => {
      const executor = new MigrationExecutor(worker, manager.queryRunner);
      executor.transaction = 'none';
      // Another process may have migrated while this one waited.
      if ((await pendingMigrations(executor, worker, dialect)).length === 0) return [];
      return executor.executePendingMigrations();
    });
    if (done.length > 0) logger.log({ msg: 'Database migrated', migrations: done.map(({ name }) => name) });
  } finally {
    await worker.destroy();
  }
}

async function pendingMigrations(executor: MigrationExecutor, source: DataSource, dialect: Dialect): Promise<string[]> {
  const executed = new Set((await executor.getExecutedMigrations()).map(({ name }) => name));
  const known = source.migrations.map((migration) => migration.name ?? migration.constructor.name);
  const unknown = [...executed].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new SchemaNewer(
      `${dialect.description} was migrated by a newer version (${unknown.join(', ')}); run that version or a newer one.`,
    );
  }
  return known.filter((name) => !executed.has(name));
}
