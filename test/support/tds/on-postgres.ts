import pg from 'pg';
import type { Statement } from './requests.js';
import type { SqlEngine, SqlSession } from './server.js';
import { SqlError, type SqlResult } from './tokens.js';
import { translated } from './transact-sql.js';
import type { SqlText, SqlType } from './values.js';

/** OIDs of the types that our tables and queries have. */
const typeOf = new Map<number, SqlType>([
  [20, 'bigint'],
  [23, 'int'],
  [1114, 'datetime2'],
  [2950, 'uniqueidentifier'],
]);

/** SQL Server's numbers for what PostgreSQL answers. */
const numbers = new Map([
  ['23505', 2627],
  ['23503', 547],
  ['23502', 515],
  ['40P01', 1205],
  ['42P01', 208],
  ['42P07', 2714],
  ['25006', 3906],
  ['42601', 102],
]);

const asText = { getTypeParser: () => String };

/** Transact-SQL by PostgreSQL: one database a database, one connection a connection. */
export function onPostgres(connectionString: string): SqlEngine {
  return async ({ database }) => {
    const url = new URL(connectionString);
    url.pathname = database;
    const client = new pg.Client({
      connectionString: url.toString(),
      types: asText as unknown as pg.CustomTypesConfig,
    });
    client.on('error', () => undefined);
    await client.connect();
    await client.query(`
      SET client_min_messages = warning;
      CREATE OR REPLACE TEMP VIEW "INFORMATION_SCHEMA_TABLES" AS
        SELECT table_name::text AS "TABLE_NAME", 'dbo'::text AS "TABLE_SCHEMA" FROM information_schema.tables`);
    return new PostgresSession(client, url.toString());
  };
}

class PostgresSession implements SqlSession {
  private inTransaction = false;

  constructor(
    private readonly client: pg.Client,
    private readonly url: string,
  ) {}

  async execute(statement: Statement): Promise<readonly SqlResult[]> {
    const [, resource] = /sp_getapplock\s+@Resource = N'([^']+)'/.exec(statement.text) ?? [];
    if (resource !== undefined) return this.takeLock(resource);
    // A statement that fails leaves a transaction of SQL Server open.
    if (this.inTransaction) await this.client.query('SAVEPOINT before');
    try {
      const results: SqlResult[] = [];
      for (const text of translated(statement)) {
        // Several statements in one text give a list.
        const answer = [await this.client.query<SqlText[]>({ text, rowMode: 'array' })].flat();
        results.push(...answer.map(resultOf));
        if (answer.some(({ rowCount }) => rowCount !== 0)) break;
      }
      return results;
    } catch (error) {
      throw await this.failure(error);
    }
  }

  async begin(): Promise<void> {
    await this.client.query('BEGIN');
    this.inTransaction = true;
  }

  async commit(): Promise<void> {
    await this.client.query('COMMIT');
    this.inTransaction = false;
  }

  async rollback(): Promise<void> {
    await this.client.query('ROLLBACK');
    this.inTransaction = false;
  }

  cancel(): void {
    const { processID } = this.client as unknown as { processID: number };
    const other = new pg.Client({ connectionString: this.url });
    void other
      .connect()
      .then(() => other.query('SELECT pg_cancel_backend($1)', [processID]))
      .finally(() => other.end())
      .catch(() => undefined);
  }

  close(): void {
    void this.client.end().catch(() => undefined);
  }

  private async takeLock(resource: string): Promise<readonly SqlResult[]> {
    await this.client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [resource]);
    return [{ columns: [{ name: 'result', type: 'int' }], rows: [['0']] }];
  }

  private async failure(error: unknown): Promise<unknown> {
    const { code = '', message = '' } = error as { code?: string; message?: string };
    const number = numbers.get(code);
    const rolledBack = this.inTransaction && number === 1205;
    if (rolledBack) await this.rollback();
    else if (this.inTransaction) await this.client.query('ROLLBACK TO SAVEPOINT before');
    return number === undefined ? error : new SqlError(number, message, rolledBack);
  }
}

function resultOf({ fields, rows, rowCount }: pg.QueryArrayResult<SqlText[]>): SqlResult {
  const columns = fields.map(({ name, dataTypeID }) => ({ name, type: typeOf.get(dataTypeID) ?? 'nvarchar' }));
  return { columns, rows, changed: rowCount ?? 0 };
}
