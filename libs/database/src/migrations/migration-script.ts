import { type DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import type { Dialect, ScriptStyle } from '../dialect/dialect.js';
import { type NamedMigration, nameOf } from './pending-migrations.js';
import type { Recording } from './recording-runner.js';

/** TypeORM's table of migrations, made as `migrate` makes it. */
class MigrationsTable extends MigrationExecutor {
  createWhereMissing(runner: QueryRunner): Promise<void> {
    return this.createMigrationsTableIfNotExist(runner);
  }
}

/** The SQL of some migrations for the database's own client, with the rows that say that they were run. */
export async function migrationScript(
  source: DataSource,
  dialect: Dialect,
  { runner, statements }: Recording,
  migrations: readonly NamedMigration[],
): Promise<string> {
  const part = async (title: string, work: () => Promise<void>): Promise<string> => {
    const from = statements.length;
    await work();
    return section(title, statements.slice(from), dialect.script);
  };
  const parts = [await part('The list of migrations', () => new MigrationsTable(source).createWhereMissing(runner))];
  for (const { name, up } of migrations) parts.push(await part(name, () => up(runner)));
  const noted = async (): Promise<void> => {
    for (const migration of migrations) await note(runner, dialect, migration);
  };
  parts.push(await part('What was run', noted));
  const { begin, end } = dialect.script;
  return [`-- ${migrations.map(nameOf).join(', ')}`, begin, ...parts, end].filter((text) => text !== '').join('\n\n');
}

/** One that is not complete has no name, which the table refuses. */
async function note(runner: QueryRunner, dialect: Dialect, { name, complete }: NamedMigration): Promise<void> {
  const proven = complete === undefined ? `'${name}'` : `(CASE WHEN ${complete} THEN '${name}' END)`;
  await runner.manager
    .createQueryBuilder()
    .insert()
    .into(dialect.migrationOptions.migrationsTableName ?? '')
    // A migration's name ends in its time; both stand in the statement itself, which has no parameters then.
    .values({ timestamp: () => name.slice(-13), name: () => proven })
    .execute();
}

function section(title: string, statements: readonly string[], style: ScriptStyle): string {
  if (statements.length === 0) return '';
  const { guard = '', terminator, insert = 'INSERT' } = style;
  const lines = statements.map((sql) => `${guard}${outdented(sql).replace(/^INSERT\b/, insert)}${terminator}`);
  return [`-- ${title}`, ...lines].join('\n');
}

/** Migrations are written inside of code: the indentation that all lines share goes. */
function outdented(sql: string): string {
  const lines = sql
    .trimEnd()
    .replace(/^\s*\n/, '')
    .split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  // The first line may begin behind a backtick.
  const shared = Math.min(...(indents[0] === 0 && indents.length > 1 ? indents.slice(1) : indents));
  return lines.map((line, index) => (index === 0 ? line.trimStart() : line.slice(shared))).join('\n');
}
