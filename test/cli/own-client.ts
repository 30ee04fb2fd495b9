import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { exitOf } from '../support/child-process.js';
import { systemProgram } from '../support/tools.js';

type DatabaseSettings = Readonly<Record<string, string>>;

/** A database's own client, as an administrator runs it on a script. */
interface OwnClient {
  readonly program: ReturnType<typeof systemProgram>;
  args(settings: DatabaseSettings): string[];
  /** Every table, column and index, in one list. */
  readonly schemaQuery: string;
}

/** By `database__provider`. */
export const ownClients = {
  sqlite: {
    program: systemProgram('sqlite3', '/usr/bin/sqlite3'),
    args: ({ sqliteConnectionString = '' }) => ['-bail', sqliteConnectionString.replace('Data Source=', '')],
    schemaQuery: `
      SELECT type, name, replace(replace(sql, ' ', ''), char(10), '') AS sql FROM sqlite_master ORDER BY type, name`,
  },
  postgresql: {
    program: systemProgram('postgresql-client', '/usr/bin/psql'),
    args: ({ postgreSqlConnectionString = '' }) => ['-qX', '-v', 'ON_ERROR_STOP=1', postgreSqlConnectionString],
    schemaQuery: `
      SELECT table_name || '.' || column_name AS name, data_type || is_nullable || coalesce(column_default, '') AS what
      FROM information_schema.columns WHERE table_schema = 'public'
      UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      ORDER BY 1, 2`,
  },
} as const satisfies Record<string, OwnClient>;

/** Gives a script to the client; throws what it said when it failed. */
export async function applyScript(
  kind: keyof typeof ownClients,
  settings: DatabaseSettings,
  sql: string,
): Promise<void> {
  const { program, args } = ownClients[kind];
  const child = spawn(program.file(''), args(settings), { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.end(sql);
  const [said, code] = await Promise.all([text(child.stderr), exitOf(child)]);
  if (code !== 0) throw new Error(`The ${kind} client ended with ${code}: ${said}`);
}
