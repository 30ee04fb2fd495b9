import { onSqlserver, querySqlserver } from '../lab/databases/sqlserver.client.js';
import { outcomeOf, run } from '../lab/processes/child-process.js';
import { systemProgram } from '../lab/packages/tools.js';

type DatabaseSettings = Readonly<Record<string, string>>;

/** A database's own client, as an administrator runs it on a script. */
interface OwnClient {
  readonly program: ReturnType<typeof systemProgram>;
  /** It goes on after an error with or without being told to, and ends at one when it is told the other thing. */
  readonly args: (settings: DatabaseSettings, goesOn: boolean) => string[];
  /** Instead of the program: does to a script what the program would. */
  readonly apply?: (settings: DatabaseSettings, sql: string, goesOn: boolean) => Promise<unknown>;
  /** What makes its session commit nothing by itself. */
  readonly manualCommits?: string;
  /** Every table, column and index, in one list. */
  readonly schemaQuery: string;
}

/** sqlcmd comes with SQL Server, or from Microsoft; what it does with GO is done here. */
const likeSqlcmd: OwnClient = {
  program: { installed: true, reason: '', file: () => '' },
  args: () => [],
  apply: ({ sqlServerConnectionString = '' }, sql, goesOn) =>
    goesOn ? batchByBatch(sqlServerConnectionString, sql) : querySqlserver(sqlServerConnectionString, sql),
  schemaQuery: `
    SELECT CONCAT(k."TABLE_NAME", '.', k."COLUMN_NAME") AS name,
      CONCAT(k."DATA_TYPE", ' ', k."CHARACTER_MAXIMUM_LENGTH", ' ', k."IS_NULLABLE") AS what
    FROM INFORMATION_SCHEMA.COLUMNS AS k
    UNION ALL SELECT n."CONSTRAINT_NAME", n."CONSTRAINT_TYPE" FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS AS n
    ORDER BY 1, 2`,
};

/** Every batch, whatever became of the one before. */
const batchByBatch = (connectionString: string, sql: string): Promise<void> =>
  onSqlserver(connectionString, async (pool) => {
    for (const batch of sql.split(/^GO$/m)) {
      if (batch.trim() !== '')
        await pool
          .request()
          .batch(batch)
          .catch(() => undefined);
    }
  });

/** By the kind's name, in lower case. */
const ownClients: Readonly<Record<string, OwnClient>> = {
  sqlite: {
    program: systemProgram('sqlite3', '/usr/bin/sqlite3'),
    args: ({ sqliteConnectionString = '' }, goesOn) => [
      ...(goesOn ? [] : ['-bail']),
      sqliteConnectionString.replace('Data Source=', ''),
    ],
    schemaQuery: `
      SELECT type, name, replace(replace(sql, ' ', ''), char(10), '') AS sql FROM sqlite_master ORDER BY type, name`,
  },
  postgresql: {
    program: systemProgram('postgresql-client', '/usr/bin/psql'),
    args: ({ postgreSqlConnectionString = '' }, goesOn) => [
      ...['-qX', '-v', `ON_ERROR_STOP=${goesOn ? 0 : 1}`],
      postgreSqlConnectionString,
    ],
    manualCommits: String.raw`\set AUTOCOMMIT off`,
    schemaQuery: `
      SELECT table_name || '.' || column_name AS name, data_type || is_nullable || coalesce(column_default, '') AS what
      FROM information_schema.columns WHERE table_schema = 'public'
      UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      ORDER BY 1, 2`,
  },
  mysql: {
    program: systemProgram('mariadb-client-core', '/usr/bin/mariadb', '/usr/bin/mysql'),
    args: ({ mySqlConnectionString = '' }, goesOn) => {
      const { hostname, port, username, password, pathname } = new URL(mySqlConnectionString);
      const login = [
        `--user=${username}`,
        `--password=${decodeURIComponent(password)}`,
        `--database=${pathname.slice(1)}`,
      ];
      return ['--no-defaults', ...(goesOn ? ['--force'] : []), `--host=${hostname}`, `--port=${port}`, ...login];
    },
    manualCommits: 'SET autocommit = 0;',
    schemaQuery: `
      SELECT concat(table_name, '.', column_name) AS name,
        concat_ws(' ', column_type, is_nullable, column_default, extra, character_set_name, collation_name) AS what
      FROM information_schema.columns WHERE table_schema = database()
      UNION ALL SELECT concat(table_name, '.', index_name), column_name
      FROM information_schema.statistics WHERE table_schema = database()
      UNION ALL SELECT constraint_name, concat(table_name, delete_rule)
      FROM information_schema.referential_constraints WHERE constraint_schema = database()
      ORDER BY 1, 2`,
  },
  'sql server': likeSqlcmd,
  "a double of sql server's protocol": likeSqlcmd,
};

const none: OwnClient = {
  program: { installed: false, reason: 'this suite knows no client of it', file: () => '' },
  args: () => [],
  schemaQuery: '',
};

/** The client for a kind of database; one that is not installed where none is known. */
export const ownClientOf = (kind: string): OwnClient => ownClients[kind.toLowerCase()] ?? none;

/** Gives a script to the client; throws what it said when it failed. */
export async function applyScript(
  { program, args, apply }: OwnClient,
  settings: DatabaseSettings,
  sql: string,
): Promise<void> {
  if (apply) await apply(settings, sql, false);
  else await run(program.file(''), args(settings, false), { input: sql });
}

/** Gives a script to the client as one who does not know it would: it goes on after whatever fails. */
export async function applyWhatGoes(
  { program, args, apply }: OwnClient,
  settings: DatabaseSettings,
  sql: string,
): Promise<void> {
  if (apply) await apply(settings, sql, true);
  else await outcomeOf(program.file(''), args(settings, true), { input: sql });
}
