import pg from 'pg';
import { checkPlain } from './plain-transact-sql.js';
import type { Statement } from './requests.js';
import type { SqlEngine, SqlSession } from './server.js';
import { SqlError, type SqlResult } from './tokens.js';
import { type Decided, decidedTransaction, translated } from './transact-sql.js';
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
  ['23514', 547],
  ['22001', 2628],
  ['22P02', 8169],
  ['25006', 3906],
  ['40P01', 1205],
  ['55P03', 1222],
  ['42501', 4902],
  ['42601', 102],
  ['42703', 207],
  ['42804', 206],
  ['42883', 195],
  ['42P01', 208],
  ['42P04', 1801],
  ['42P07', 2714],
]);

/** What is asked of a database's own views; PostgreSQL's INFORMATION_SCHEMA has the same columns, and more tables. */
const views = `
  SET client_min_messages = warning;
  CREATE OR REPLACE TEMP VIEW "SYS_DATABASES" AS SELECT 1 AS "database_id", 0 AS "delayed_durability";
  CREATE OR REPLACE TEMP VIEW "INFORMATION_SCHEMA_TABLES" AS
    SELECT table_name::text AS "TABLE_NAME", 'dbo'::text AS "TABLE_SCHEMA" FROM information_schema.tables
    WHERE table_schema = 'public';
  CREATE OR REPLACE TEMP VIEW "INFORMATION_SCHEMA_COLUMNS" AS
    SELECT 'dbo'::text AS "TABLE_SCHEMA", table_name::text AS "TABLE_NAME", column_name::text AS "COLUMN_NAME", data_type::text AS "DATA_TYPE",
      character_maximum_length::int AS "CHARACTER_MAXIMUM_LENGTH", is_nullable::text AS "IS_NULLABLE"
    FROM information_schema.columns WHERE table_schema = 'public';
  CREATE OR REPLACE TEMP VIEW "INFORMATION_SCHEMA_TABLE_CONSTRAINTS" AS
    SELECT constraint_name::text AS "CONSTRAINT_NAME", constraint_type::text AS "CONSTRAINT_TYPE"
    FROM information_schema.table_constraints
    WHERE constraint_schema = 'public' AND constraint_type <> 'CHECK';
  CREATE OR REPLACE TEMP VIEW "INFORMATION_SCHEMA_CHECK_CONSTRAINTS" AS
    SELECT constraint_name::text AS "CONSTRAINT_NAME" FROM information_schema.check_constraints
    WHERE constraint_schema = 'public'`;

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
    try {
      await client.connect();
    } catch (error) {
      if ((error as { code?: string }).code !== '3D000') throw error;
      throw new SqlError(4060, `Cannot open database "${database}" requested by the login. The login failed.`);
    }
    await client.query(views);
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
    checkPlain(statement);
    const [, resource, timeout] =
      /sp_getapplock\s+@Resource = N'([^']+)',.*@LockOwner = N'Transaction', @LockTimeout = (-?\d+)/.exec(
        statement.text,
      ) ?? [];
    if (resource !== undefined) return this.takeLock(resource, Number(timeout));
    // A statement that fails leaves a transaction of SQL Server open.
    if (this.inTransaction) await this.client.query('SAVEPOINT before');
    try {
      const text = translated(statement);
      const transaction = decidedTransaction(text);
      if (transaction !== undefined) return await this.decide(transaction);
      // Several statements in one text give a list.
      const answer = [await this.client.query<SqlText[]>({ text, rowMode: 'array' })].flat();
      return answer.map(resultOf);
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

  /** Any error rolls back, as XACT_ABORT has it. */
  private async decide({ before, fence, write, keep, condition }: Decided): Promise<readonly SqlResult[]> {
    await this.client.query(before);
    await this.client.query('BEGIN');
    try {
      let written = -2;
      if (await this.holds(fence)) {
        written = (await this.client.query(write)).rowCount ?? 0;
        if (written > 0 && keep !== undefined) await this.client.query(keep);
      }
      const inTime = await this.holds(condition);
      await this.client.query(inTime ? 'COMMIT' : 'ROLLBACK');
      return [{ columns: [{ name: 'written', type: 'int' }], rows: [[String(inTime ? written : -1)]] }];
    } catch (error) {
      await this.client.query('ROLLBACK');
      throw error;
    }
  }

  private async holds(condition: string): Promise<boolean> {
    const { rows } = await this.client.query<{ ok: string }>(`SELECT (${condition})::int AS ok`);
    return rows[0]?.ok === '1';
  }

  /** The answers of sp_getapplock: 0 granted, -1 not in time, -999 called wrongly. */
  private async takeLock(resource: string, timeout: number): Promise<readonly SqlResult[]> {
    const answer = (result: number): readonly SqlResult[] => [
      { columns: [{ name: 'result', type: 'int' }], rows: [[String(result)]] },
    ];
    if (!this.inTransaction) return answer(-999);
    await this.client.query(`SAVEPOINT before; SET LOCAL lock_timeout = ${Math.max(timeout, 0)}`);
    try {
      await this.client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [resource]);
      await this.client.query('SET LOCAL lock_timeout = 0');
      return answer(0);
    } catch (error) {
      await this.client.query('ROLLBACK TO SAVEPOINT before');
      if ((error as { code?: string }).code !== '55P03') throw await this.failure(error);
      return answer(-1);
    }
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
