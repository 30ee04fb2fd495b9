import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import mssql from 'mssql';
import { numberOf, onSqlserver, querySqlserver, reachable, withDatabase } from './sqlserver.client.js';

/** Our tables, in an order in which they can be dropped. */
const tables = [
  'UserKeys',
  'UserKeyHistory',
  'DataKeyWrappings',
  'DataKeys',
  'RingManifests',
  'ApplicationDatas',
  'KeyConnectorMigrations',
];
const allTables = [...tables, '__EFMigrationsHistory'];

const tableNames = `
  SELECT "TABLE_NAME" AS "name" FROM "INFORMATION_SCHEMA"."TABLES"
  WHERE "TABLE_NAME" IN (${allTables.map((name) => `'${name}'`).join(', ')})`;

/** Another suite makes a database at this moment, and has the model database to itself for it. */
const modelInUse = 1807;

/** How long a suite waits for others that make databases, or that use the only one. */
const turnMilliseconds = 9 * 60_000;

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
export async function openSqlserverDatabases(given: string): Promise<SqlserverDatabases> {
  const server = await reachable(given);
  const names: string[] = [];
  const create = async (): Promise<string> => {
    const name = `key_connector_${randomBytes(6).toString('hex')}`;
    await createDatabase(server, name);
    names.push(name);
    return withDatabase(server, name);
  };
  let ready: string | undefined;
  try {
    ready = await create();
    // A server that takes any name for its only database gives a test none of its own.
    if ((await databaseOf(ready)) !== names[0]) return await sharedDatabase(server);
  } catch (error) {
    // An answer of the server has a number: it may not, or cannot.
    if (numberOf(error) === undefined) throw error;
    return sharedDatabase(server);
  }
  return {
    create: async () => {
      const next = ready ?? (await create());
      ready = undefined;
      return next;
    },
    stop: async () => {
      for (const name of names) await dropDatabase(server, name);
    },
  };
}

async function createDatabase(server: string, name: string): Promise<void> {
  const deadline = Date.now() + turnMilliseconds;
  for (;;) {
    try {
      await querySqlserver(server, `CREATE DATABASE [${name}]`);
      return;
    } catch (error) {
      if (numberOf(error) !== modelInUse || Date.now() > deadline) throw error;
      await sleep(100 + Math.random() * 400);
    }
  }
}

/** Connections of a process that was killed may still be open on the server. */
async function dropDatabase(server: string, name: string): Promise<void> {
  const drop = `DROP DATABASE [${name}]`;
  try {
    await querySqlserver(server, drop);
  } catch (error) {
    if (numberOf(error) === undefined) throw error;
    await querySqlserver(server, `ALTER DATABASE [${name}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE; ${drop}`);
  }
}

async function databaseOf(connectionString: string): Promise<string> {
  const [row] = await querySqlserver<{ name: string }>(connectionString, 'SELECT DB_NAME() AS "name"');
  return row?.name ?? '';
}

async function sharedDatabase(connectionString: string): Promise<SqlserverDatabases> {
  const clean = async (): Promise<void> => {
    for (const name of allTables) {
      await querySqlserver(connectionString, `DROP TABLE IF EXISTS [${name}]`);
    }
  };
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let held: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    held = onSqlserver(connectionString, async (pool) => {
      const transaction = new mssql.Transaction(pool);
      await transaction.begin();
      await takeTurn(transaction);
      resolve();
      await released;
      await transaction.rollback();
    });
    held.catch(reject);
  });
  return {
    create: async () => {
      await clean();
      return connectionString;
    },
    stop: async () => {
      await clean();
      release();
      await held;
    },
  };
}

async function takeTurn(transaction: mssql.Transaction): Promise<void> {
  for (const deadline = Date.now() + turnMilliseconds; Date.now() < deadline;) {
    const { recordset } = await transaction.request().query<{ result: number }>(`
      DECLARE @result int;
      EXEC @result = sp_getapplock
        @Resource = N'key-connector tests', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = 5000;
      SELECT @result AS [result];`);
    if ((recordset[0]?.result ?? -1) >= 0) return;
  }
  throw new Error('Other suites use the only database of TEST_SQLSERVER_URL, and did not end.');
}

/** The names of our tables that a database has. */
export async function tablesOf(connectionString: string): Promise<string[]> {
  const rows = await querySqlserver<{ name: string }>(connectionString, tableNames);
  return rows.map(({ name }) => name);
}
