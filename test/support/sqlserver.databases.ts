import { randomBytes } from 'node:crypto';
import mssql from 'mssql';
import { onSqlserver, querySqlserver, withDatabase } from './sqlserver.client.js';

/** Our tables, in an order in which they can be dropped. */
const tables = ['UserKeys', 'DataKeyWrappings', 'DataKeys', 'ApplicationDatas', 'KeyConnectorMigrations'];
const allTables = [...tables, '__EFMigrationsHistory'];

const tableNames = `
  SELECT "TABLE_NAME" AS "name" FROM "INFORMATION_SCHEMA"."TABLES"
  WHERE "TABLE_NAME" IN (${allTables.map((name) => `'${name}'`).join(', ')})`;

/** Empty databases on a SQL Server, for a suite. */
export interface SqlserverDatabases {
  /** Connection string of one that is empty. */
  create(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * A database for each test, or, where the login may not create any, the one that it is given, with our tables dropped:
 * then one suite at a time, for they all share it.
 */
export async function openSqlserverDatabases(connectionString: string): Promise<SqlserverDatabases> {
  const names: string[] = [];
  const own = async (): Promise<string | undefined> => {
    const name = `key_connector_${randomBytes(6).toString('hex')}`;
    try {
      await querySqlserver(connectionString, `CREATE DATABASE [${name}]`);
    } catch (error) {
      // An answer of the server has a number: it may not, or cannot.
      if (typeof (error as { number?: unknown }).number === 'number') return undefined;
      throw error;
    }
    names.push(name);
    return withDatabase(connectionString, name);
  };
  const first = await own();
  if (first === undefined) return sharedDatabase(connectionString);
  let ready: string | undefined = first;
  return {
    create: async () => {
      const next = ready ?? (await own());
      ready = undefined;
      if (next === undefined) throw new Error('the server let a first database be created, and not the next');
      return next;
    },
    stop: async () => {
      for (const name of names) {
        const drop = `ALTER DATABASE [${name}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE [${name}]`;
        await querySqlserver(connectionString, drop);
      }
    },
  };
}

async function sharedDatabase(connectionString: string): Promise<SqlserverDatabases> {
  const clean = async (): Promise<void> => {
    for (const name of allTables) {
      await querySqlserver(connectionString, `DROP TABLE IF EXISTS [${name}]`);
    }
  };
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const locked = new Promise<void>((resolve, reject) => {
    onSqlserver(connectionString, async (pool) => {
      const transaction = new mssql.Transaction(pool);
      await transaction.begin();
      await transaction.request().query(`
        DECLARE @result int;
        EXEC @result = sp_getapplock
          @Resource = N'key-connector tests', @LockMode = N'Exclusive', @LockOwner = N'Transaction';
        SELECT @result AS [result];`);
      resolve();
      await released;
      await transaction.rollback();
    }).catch(reject);
  });
  await locked;
  return {
    create: async () => {
      await clean();
      return connectionString;
    },
    stop: async () => {
      await clean();
      release();
    },
  };
}

/** The names of our tables that a database has. */
export async function tablesOf(connectionString: string): Promise<string[]> {
  const rows = await querySqlserver<{ name: string }>(connectionString, tableNames);
  return rows.map(({ name }) => name);
}
