import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import mssql from 'mssql';
import { createPool, type PoolConnection } from 'mysql2';
import pg from 'pg';
import { DataSource, MigrationExecutor } from 'typeorm';
import { PostgresqlClient } from './postgresql/postgresql.client.js';
import { greeting, ok } from './testing/mysql-messages.js';
import { welcome, welcomeFrom } from './testing/postgresql-messages.js';
import { type SilentServer, startSilentServer } from './testing/silent-server.js';

/**
 * What we use of our drivers that they do not promise: each of these packages is pinned exactly, and a release that
 * changes one of them fails here first.
 */
const root = join(import.meta.dirname, '../../..');
const load = createRequire(join(root, 'package.json'));
const packageOf = (folder: string): { version: string } =>
  JSON.parse(readFileSync(join(root, 'node_modules', folder, 'package.json'), 'utf8')) as { version: string };

describe('a driver that is reached into', () => {
  const { dependencies, overrides } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    overrides: Record<string, unknown>;
  };

  test.each(['pg', 'mysql2', 'mssql', 'typeorm', 'better-sqlite3'])('%s is pinned exactly', (name) => {
    expect(dependencies[name]).toBe(packageOf(name).version);
  });

  test.each(['pg-pool', 'tedious'])('%s, which a driver brings, is pinned exactly', (name) => {
    expect(overrides[name]).toBe(packageOf(name).version);
  });
});

describe('node-postgres', () => {
  let server: SilentServer;
  afterEach(() => server.close());
  const config = async (): Promise<pg.ClientConfig> => {
    server = await startSilentServer([welcome]);
    return { host: '127.0.0.1', port: server.port, user: 'u', connectionTimeoutMillis: 5000 };
  };

  test('Client.getStartupConf makes the first message', async () => {
    const client = new PostgresqlClient(await config());
    await client.connect();
    expect(server.received().toString('latin1')).toMatch(/user\0u\0.*DateStyle\0ISO\0/s);
    await client.end();
  });

  test('Client.query takes a deadline for one statement, and Pool waits for onConnect', async () => {
    const asked: string[] = [];
    const pool = new pg.Pool({
      ...(await config()),
      Client: PostgresqlClient,
      onConnect: async (client: PostgresqlClient) => {
        await client.ask('SELECT 1', [], 100).catch((error: unknown) => asked.push(String(error)));
        throw new Error('not this one');
      },
    } as object);
    await expect(pool.connect()).rejects.toThrow('not this one');
    expect(asked).toEqual(['Error: Query read timeout']);
    expect(pool.totalCount).toBe(0);
    await pool.end();
  });

  test('Client.processID is the process that the server named, and null where it named none', async () => {
    const clients = [new PostgresqlClient(await config())];
    const named = await startSilentServer([welcomeFrom(4711)]);
    clients.push(new PostgresqlClient({ host: '127.0.0.1', port: named.port, user: 'u' }));
    for (const client of clients) await client.connect();
    expect(clients.map(({ process }) => process)).toEqual([null, 4711]);
    await Promise.all(clients.map((client) => client.end()));
    await named.close();
  });

  test('Client.readyForQuery is false while a statement runs', async () => {
    const client = new PostgresqlClient(await config());
    await client.connect();
    expect(client.busy).toBe(false);
    const unanswered = client.ask('SELECT 1', [], undefined).catch((error: unknown) => error);
    expect(client.busy).toBe(true);
    await client.end();
    expect(await unanswered).toBeInstanceOf(Error);
  });

  test("pg-pool drops an idle connection at its 'error', says 'release' before it takes one back, and knows that it ends", async () => {
    const pool = new pg.Pool({ ...(await config()), Client: PostgresqlClient } as object);
    pool.on('error', () => undefined);
    const idleAtRelease: number[] = [];
    pool.on('release', () => idleAtRelease.push(pool.idleCount));
    const client = await pool.connect();
    client.release();
    expect([idleAtRelease, pool.idleCount, pool.ending]).toEqual([[0], 1, false]);
    client.emit('error', new Error('leave'));
    expect(pool.totalCount).toBe(0);
    const ended = pool.end();
    expect(pool.ending).toBe(true);
    await ended;
  });
});

describe('mysql2', () => {
  test('asks options.stream for a socket, with the very config that the connection keeps, and query is its own', async () => {
    const server = await startSilentServer([ok(2)], greeting);
    const configs: object[] = [];
    const pool = createPool({
      user: 'u',
      stream: ({ config }: { readonly config: object }) => {
        configs.push(config);
        return connect(server.port, '127.0.0.1');
      },
    });
    const connection = await new Promise<PoolConnection>((resolve, reject) => {
      pool.getConnection((error, made) => {
        if (error) reject(error);
        else resolve(made);
      });
    });
    expect(configs).toEqual([connection.config]);
    expect(configs[0]).toBe(connection.config);
    expect(connection).toHaveProperty('query', expect.any(Function));
    connection.destroy();
    await server.close();
  });
});

describe('mssql and tedious', () => {
  const { Connection } = load('tedious') as { Connection: new (config: object) => Record<string, unknown> };
  const connection = new Connection({
    server: 'localhost',
    authentication: { type: 'token-credential', options: { credential: { getToken: () => null } } },
  });

  test.each(['_acquire', '_poolCreate', '_poolValidate', 'release'])('ConnectionPool.%s can be overridden', (name) => {
    const pool = new mssql.ConnectionPool({ server: 'localhost' }) as unknown as Record<string, unknown>;
    expect(pool[name]).toBeInstanceOf(Function);
  });

  test('ConnectionPool opens its connections by _poolCreate', async () => {
    const made = new Error('asked');
    const pool = new mssql.ConnectionPool({ server: 'localhost' });
    Object.assign(pool, { _poolCreate: () => Promise.reject(made) });
    await expect(pool.connect()).rejects.toBe(made);
  });

  test('Connection.createTokenStreamParser takes a message and its handler, and the credential is looked up late', () => {
    expect(connection['createTokenStreamParser']).toHaveLength(2);
    expect(connection['config']).toMatchObject({ authentication: { options: { credential: expect.anything() } } });
  });

  test('Connection.inTransaction tells of a transaction that was left open', () => {
    expect(connection['inTransaction']).toBe(false);
  });
});

describe('TypeORM', () => {
  test('MigrationExecutor.createMigrationsTableIfNotExist is what a printed script begins with', () => {
    expect(MigrationExecutor.prototype).toHaveProperty('createMigrationsTableIfNotExist', expect.any(Function));
  });

  test.each(['createQueryRunner', 'parseTableName'])('SqlServerDriver.%s can be overridden', (name) => {
    const { driver } = new DataSource({ type: 'mssql', driver: mssql });
    expect(driver).toHaveProperty(name, expect.any(Function));
  });

  test('drivers keep their pool in `master`, and MySQL’s in `pool`', () => {
    const pools = ['PostgresDriver', 'SqlServerDriver', 'MysqlDriver'].map((name) => {
      const folder = name.replace('Driver', '').toLowerCase();
      return /this\.(master|pool) = await this\.createPool/.exec(
        readFileSync(join(root, 'node_modules/typeorm/driver', folder, `${name}.js`), 'utf8'),
      )?.[1];
    });
    expect(pools).toEqual(['master', 'master', 'pool']);
  });

  test('begins a transaction of SQLite by BEGIN TRANSACTION, prepared by better-sqlite3', async () => {
    const prepared: string[] = [];
    class Recording extends SqliteDatabase {
      override prepare<P extends unknown[] | object, R = unknown>(sql: string): SqliteDatabase.Statement<P, R> {
        prepared.push(sql);
        return super.prepare<P, R>(sql);
      }
    }
    const source = new DataSource({ type: 'better-sqlite3', driver: Recording, database: ':memory:' });
    await source.initialize();
    prepared.length = 0;
    await source.transaction(() => Promise.resolve());
    await source.destroy();
    expect(prepared).toEqual(['BEGIN TRANSACTION', 'COMMIT']);
  });
});
