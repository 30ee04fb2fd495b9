import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import pg from 'pg';
import type { DatabaseServer, ServerOptions } from '../lab/databases/database.server.js';
import { freshName } from '../lab/databases/hosted.server.js';
import {
  hasMysql,
  mysqlReason,
  ownsMariadb,
  startMariadb,
  type MariadbServer,
} from '../lab/databases/mariadb.server.js';
import { dropDatabase } from '../lab/databases/postgres.client.js';
import {
  ownsPostgres,
  type PostgresOptions,
  startPostgres,
  type PostgresServer,
} from '../lab/databases/postgres.server.js';
import { hostedSqlserver, noSqlserver, querySqlserver } from '../lab/databases/sqlserver.client.js';
import { openSqlserverDatabases, tablesOf } from '../lab/databases/sqlserver-databases.js';
import { startTdsDouble } from '../lab/databases/tds/double.js';
import { tempFolder, type TempFolder } from '../lab/files/temp-folder.js';

const fixtures = join(import.meta.dirname, '../fixtures/classic');

/** One empty database of a kind, as a deployment would have it, with a way round our own code to look at it. */
export interface TestDatabase {
  /** `database__*` settings that lead to it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Runs SQL without our code; "double quotes" hold names. */
  sql<Row extends object = Record<string, unknown>>(text: string): Promise<Row[]>;
  /** SQL that gives a column as text. */
  text(column: string): string;
  /** The names of its tables. */
  tables(): Promise<string[]>;
  /** Fills it as the classic software left it. */
  loadClassic(): Promise<void>;
}

/** Makes as many empty databases as a suite asks for. */
export interface TestDatabases {
  create(): Promise<TestDatabase>;
  stop(): Promise<void>;
}

/** How long a suite may wait for its databases: where a server gives only one, the others have it first. */
export const databasesTimeout = 600_000;

/** A kind of database that the suites run on, and whether this machine has one. */
export interface TestKind {
  readonly name: string;
  readonly here: boolean;
  /** Why the suites are skipped where it is not here. */
  readonly reason: string;
  readonly start: () => Promise<TestDatabases>;
}

/** SQL Server, and what stands in for it where there is none. */
export const sqlserverKinds: readonly TestKind[] = [
  { name: 'SQL Server', here: hostedSqlserver !== undefined, reason: noSqlserver, start: sqlserverDatabases },
  { name: "a double of SQL Server's protocol", here: true, reason: '', start: tdsDatabases },
];

/** What runs everywhere without a double. */
const ownKinds: readonly TestKind[] = [
  { name: 'SQLite', here: true, reason: '', start: sqliteDatabases },
  { name: 'PostgreSQL', here: true, reason: '', start: () => postgresDatabases() },
  { name: 'MySQL', here: hasMysql, reason: mysqlReason, start: () => mysqlDatabases() },
];

/** Every kind of database; each suite that is about storage runs on all of them. */
export const testKinds: readonly TestKind[] = [...ownKinds, ...sqlserverKinds];

/** Every database itself: for long journeys, whose statements the storage suite tries on the double. */
export const databaseKinds: readonly TestKind[] = [...ownKinds, ...sqlserverKinds.slice(0, 1)];

/** SQLite files in a temporary folder. */
export async function sqliteDatabases(): Promise<TestDatabases & { folder: TempFolder }> {
  const folder = await tempFolder('sqlite');
  let count = 0;
  return {
    folder,
    create: () => {
      const file = join(folder.path, `${(count += 1)}.sqlite`);
      // Async, so that an error is a rejection as with every other database.
      const sql = async <Row extends object>(text: string): Promise<Row[]> => {
        const database = new SqliteDatabase(file);
        try {
          const statement = database.prepare<[], Row>(text);
          if (statement.reader) return await Promise.resolve(statement.all());
          statement.run();
          return [];
        } finally {
          database.close();
        }
      };
      return Promise.resolve({
        settings: { provider: 'sqlite', sqliteConnectionString: `Data Source=${file}` },
        sql,
        text: castToText,
        tables: () => namesOf(sql(`SELECT "name" FROM sqlite_schema`)),
        loadClassic: () => copyFile(join(fixtures, 'classic.sqlite'), file),
      });
    },
    stop: () => folder.remove(),
  };
}

/** Databases on one PostgreSQL server, of the newest version here unless told otherwise. */
export async function postgresDatabases(
  options: PostgresOptions = {},
): Promise<TestDatabases & { server: PostgresServer }> {
  const server = await startPostgres(options);
  return onServer(server, {
    owned: ownsPostgres,
    settings: (url) => ({ provider: 'postgresql', postgreSqlConnectionString: url }),
    sql: async (url, text) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return (await client.query<object>(text)).rows;
      } finally {
        await client.end();
      }
    },
    drop: (name) => dropDatabase((text) => server.query(text), name),
    text: castToText,
    tables: `SELECT tablename AS "name" FROM pg_tables WHERE schemaname = 'public'`,
    classic: 'postgresql.sql',
  });
}

/** Databases on one MariaDB or MySQL server. */
export async function mysqlDatabases(options: ServerOptions = {}): Promise<TestDatabases & { server: MariadbServer }> {
  const server = await startMariadb(options);
  return onServer(server, {
    owned: ownsMariadb,
    settings: (url) => ({ provider: 'mysql', mySqlConnectionString: url }),
    sql: (url, text) => server.query(text, new URL(url).pathname.slice(1)),
    drop: (name) => server.query(`DROP DATABASE IF EXISTS ${name}`),
    text: (column) => `CAST(${column} AS char(36))`,
    tables: `SELECT table_name AS "name" FROM information_schema.tables WHERE table_schema = DATABASE()`,
    classic: 'mysql.sql',
  });
}

/** What differs between servers that hold many databases. */
interface ServerDialect {
  readonly owned: boolean;
  readonly settings: (url: string) => Record<string, string>;
  readonly sql: (url: string, text: string) => Promise<object[]>;
  readonly drop: (name: string) => Promise<unknown>;
  readonly text: (column: string) => string;
  /** SQL that gives the names of a database's tables. */
  readonly tables: string;
  /** The fixture's file. */
  readonly classic: string;
}

function onServer<Server extends DatabaseServer>(
  server: Server,
  dialect: ServerDialect,
): TestDatabases & { server: Server } {
  const names: string[] = [];
  return {
    server,
    create: async () => {
      const name = freshName();
      await server.query(`CREATE DATABASE ${name}`);
      names.push(name);
      const url = new URL(server.url);
      url.pathname = name;
      const sql = <Row extends object>(text: string): Promise<Row[]> =>
        dialect.sql(url.toString(), text) as Promise<Row[]>;
      return {
        settings: dialect.settings(url.toString()),
        sql,
        text: dialect.text,
        tables: () => namesOf(sql(dialect.tables)),
        loadClassic: async () => {
          await sql(await readFile(join(fixtures, dialect.classic), 'utf8'));
        },
      };
    },
    stop: async () => {
      try {
        // A server of our own goes with its files, and may not be up.
        if (!dialect.owned) for (const name of names) await dialect.drop(name);
      } finally {
        await server.stop();
      }
    },
  };
}

/** Databases on the SQL Server that TEST_SQLSERVER_URL names. */
function sqlserverDatabases(): Promise<TestDatabases> {
  return databasesOn(hostedSqlserver ?? '');
}

/** The same on the double, with PostgreSQL behind it: the driver is real, the SQL is not SQL Server's. */
async function tdsDatabases(): Promise<TestDatabases> {
  const double = await startTdsDouble();
  const databases = await databasesOn(double.connectionString);
  return {
    create: () => databases.create(),
    stop: async () => {
      await databases.stop();
      await double.stop();
    },
  };
}

async function databasesOn(server: string): Promise<TestDatabases> {
  const databases = await openSqlserverDatabases(server);
  return {
    create: async () => {
      const connectionString = await databases.create();
      const sql = <Row extends object>(text: string): Promise<Row[]> => querySqlserver<Row>(connectionString, text);
      return {
        settings: { provider: 'sqlserver', sqlServerConnectionString: connectionString },
        sql,
        text: (column) => `CAST(${column} AS nvarchar(4000))`,
        tables: () => tablesOf(connectionString),
        loadClassic: async () => {
          await sql(await readFile(join(fixtures, 'sqlserver.sql'), 'utf8'));
        },
      };
    },
    stop: () => databases.stop(),
  };
}

const castToText = (column: string): string => `CAST(${column} AS text)`;

const namesOf = async (rows: Promise<{ name: string }[]>): Promise<string[]> => (await rows).map(({ name }) => name);
