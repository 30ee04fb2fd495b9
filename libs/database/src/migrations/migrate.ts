import { Logger } from '@nestjs/common';
import { type DataSource, MigrationExecutor } from 'typeorm';
import type { Dialect } from '../dialect/dialect.js';
import { DatabaseUnsupported } from '../errors/database.errors.js';
import type { Expectation } from './expectation.js';
import { withMigrationSource } from './migration-source.js';
import { knownMigrations, nameOf, pendingMigrations } from './pending-migrations.js';

const logger = new Logger('Migrations');

/**
 * Brings the tables to this version, or makes sure that they are. When there is nothing to do, no lock is taken.
 *
 * @throws DatabaseUnexpected when what is there is not what settings say; SchemaNewer when a newer version was here;
 * DatabaseUnsupported when something is pending that must not be run, or a table would not keep keys as it should.
 */
export async function migrate(
  source: DataSource,
  dialect: Dialect,
  allowed: boolean,
  expectation: Expectation,
): Promise<void> {
  const pending = await pendingMigrations(source, dialect.description);
  // Asked after that: where another process has just made everything, nothing is pending and the place is no longer
  // empty.
  await expectation.beforeTables(source.manager);
  await dialect.inspect?.(source.manager);
  if (pending.length === 0) return;
  if (!allowed) throw notRunHere(dialect.description, pending.map(nameOf));
  const done = await withMigrationSource(dialect, (worker) => runPending(worker, dialect, expectation));
  await dialect.inspect?.(source.manager);
  if (done.length > 0) logger.log({ msg: 'Database migrated', migrations: done });
}

/**
 * Runs what is pending, by one process at a time, under the database's lock: a killed migrator leaves nothing locked,
 * and nothing half done that the next one does not finish. Gives the names of those that were run here.
 */
export async function runPending(worker: DataSource, dialect: Dialect, expectation: Expectation): Promise<string[]> {
  return dialect.lock(worker, async (manager) => {
    const { queryRunner } = manager;
    // Another process may have migrated while this one waited.
    await expectation.beforeTables(manager);
    if ((await pendingMigrations(worker, dialect.description, queryRunner)).length === 0) return [];
    const executor = new MigrationExecutor(worker, queryRunner);
    executor.transaction = 'none';
    return (await executor.executePendingMigrations()).map(nameOf);
  });
}

/**
 * Throws DatabaseUnsupported where there is not even a file: who may not run migrations makes none for their tables.
 */
export async function requireMade(source: DataSource, dialect: Dialect): Promise<void> {
  if (!(await dialect.isToBeMade?.())) return;
  const what = `${dialect.description} is not there yet (is it the right path?), and`;
  throw notRunHere(what, knownMigrations(source).map(nameOf));
}

const notRunHere = (what: string, migrations: readonly string[]): DatabaseUnsupported =>
  new DatabaseUnsupported(
    `${what} lacks the migrations ${migrations.join(', ')}, and they are not run here: database__migrate is false, or this only ` +
      'looks, as a dry run does. If they were run, this login may not read KeyConnectorMigrations. Otherwise run ' +
      '"key-connector migrations run", or have an administrator run the SQL that "key-connector migrations print" gives.',
  );
