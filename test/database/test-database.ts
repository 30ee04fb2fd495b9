import { randomBytes } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import pg from 'pg';
import { dropDatabase } from '../support/postgres.client.js';
import { ownsPostgres, type PostgresOptions, startPostgres, type PostgresServer } from '../support/postgres.server.js';
import { tempFolder, type TempFolder } from '../support/temp-folder.js';

const fixtures = join(import.meta.dirname, '../fixtures/classic');

/** One empty database of a kind, as a deployment would have it, with a way round our own code to look at it. */
export interface TestDatabase {
  /** `database__*` settings that lead to it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Runs SQL without our code. */
  sql<Row extends object = Record<string, unknown>>(text: string): Promise<Row[]>;
  /** Fills it as the classic software left it. */
  loadClassic(): Promise<void>;
}

/** Makes as many empty databases as a suite asks for. */
export interface TestDatabases {
  create(): Promise<TestDatabase>;
  stop(): Promise<void>;
}

/** SQLite files in a temporary folder. */
export async function sqliteDatabases(): Promise<TestDatabases & { folder: TempFolder }> {
  const folder = await tempFolder('sqlite');
  let count = 0;
  return {
    folder,
    create: () => {
      const file = join(folder.path, `${(count += 1)}.sqlite`);
      return Promise.resolve({
        settings: { provider: 'sqlite', sqliteConnectionString: `Data Source=${file}` },
        sql: <Row extends object>(text: string) => {
          const database = new SqliteDatabase(file);
          try {
            const statement = database.prepare<[], Row>(text);
            if (statement.reader) return Promise.resolve(statement.all());
            statement.run();
            return Promise.resolve([]);
          } finally {
            database.close();
          }
        },
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
  const names: string[] = [];
  return {
    server,
    create: async () => {
      // By chance, not by number: a hosted server is shared with runs that know nothing of this one.
      const name = `key_connector_${randomBytes(6).toString('hex')}`;
      await server.query(`CREATE DATABASE ${name}`);
      names.push(name);
      const url = new URL(server.url);
      url.pathname = name;
      const sql = async <Row extends object>(text: string): Promise<Row[]> => {
        const client = new pg.Client({ connectionString: url.toString() });
        await client.connect();
        try {
          return (await client.query<Row>(text)).rows;
        } finally {
          await client.end();
        }
      };
      return {
        settings: { provider: 'postgresql', postgreSqlConnectionString: url.toString() },
        sql,
        loadClassic: async () => {
          await sql(await readFile(join(fixtures, 'postgresql.sql'), 'utf8'));
        },
      };
    },
    stop: async () => {
      try {
        // A server of our own goes with its files, and may not be up.
        if (!ownsPostgres) for (const name of names) await dropDatabase((text) => server.query(text), name);
      } finally {
        await server.stop();
      }
    },
  };
}
