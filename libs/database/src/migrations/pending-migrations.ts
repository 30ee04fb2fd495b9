import { type DataSource, type MigrationInterface, MigrationExecutor, type QueryRunner } from 'typeorm';
import { SchemaNewer } from '../errors/database.errors.js';

/** A migration under the name that the database remembers it by. */
export interface NamedMigration {
  readonly name: string;
  readonly up: (runner: QueryRunner) => Promise<void>;
  /** SQL that is true once all of its steps are done; where a script is no transaction that a failure ends. */
  readonly complete?: string | undefined;
}

/** A migration whose steps may be done in part. */
export interface StepwiseMigration extends MigrationInterface {
  /** SQL that is true once all of its steps are done. */
  readonly complete: string;
}

/** The migrations of a data source, open or not, oldest first. */
export function knownMigrations({ options }: DataSource): NamedMigration[] {
  // TypeORM also takes paths and other shapes; a dialect gives a list of classes.
  const classes = (options.migrations ?? []) as unknown as readonly (new () => MigrationInterface &
    Partial<StepwiseMigration>)[];
  return classes.map((Migration) => {
    const migration = new Migration();
    const { name = Migration.name, complete } = migration;
    return { name, complete, up: (runner) => migration.up(runner) };
  });
}

/**
 * The migrations that the database lacks, oldest first; only reads.
 *
 * @throws SchemaNewer when the database has one that this version does not know.
 */
export async function pendingMigrations(
  source: DataSource,
  description: string,
  runner?: QueryRunner,
): Promise<NamedMigration[]> {
  const executed = (await new MigrationExecutor(source, runner).getExecutedMigrations()).map(nameOf);
  const known = knownMigrations(source);
  const unknown = executed.filter((name) => !known.some((migration) => migration.name === name));
  if (unknown.length > 0) {
    throw new SchemaNewer(
      `${description} was migrated by a newer version (${unknown.join(', ')}); run that version or a newer one.`,
    );
  }
  return known.filter(({ name }) => !executed.includes(name));
}

/** For messages and log lines. */
export const nameOf = ({ name }: { readonly name: string }): string => name;
