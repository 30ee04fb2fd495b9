import { Logger } from '@nestjs/common';
import pg from 'pg';
import type { DataSource, DataSourceOptions, EntityManager } from 'typeorm';
import type { DatabaseSettings } from '../database.settings.js';
import { postgresqlMigrations } from '../migrations/postgresql/index.js';
import { PostgresqlUserKeyStatements } from '../statements/postgresql.user-key.statements.js';
import { commonOptions } from './common-options.js';
import { Dialect, type Failure } from './dialect.js';
import { postgresqlFailureOf } from './postgresql.failure.js';
import { findTarget } from './postgresql.target.js';
import { tlsChoices } from './postgresql.tls.js';

type Settings = Extract<DatabaseSettings, { provider: 'postgresql' }>;

/** Reads share queries and writes are rare, so few connections do; Npgsql's 100 would let one replica use up a server. */
const defaultPoolSize = 10;

/** A migration may have to build an index over every member. */
const migrationMilliseconds = 15 * 60_000;

/** `pg_advisory_xact_lock` key: "keyconn" in ASCII. One lock a database, for migrations and for the data key ring. */
const lockKey = '30229461374070382';

/** OID of `timestamp without time zone`: node-postgres would read it as local time, our columns are UTC text. */
const timestampOid = 1114;

type TypeParsers = (oid: number, format?: 'text' | 'binary') => (value: string | Buffer) => unknown;

/** PostgreSQL 12 or newer, through node-postgres. */
export class PostgresqlDialect extends Dialect {
  readonly description: string;
  readonly dataSourceOptions: DataSourceOptions;
  readonly migrationOptions: DataSourceOptions;
  private readonly logger = new Logger(PostgresqlDialect.name);
  /** Options that a data source hands to its pool when it opens; `prepare` fills in the server that answers. */
  private readonly pool: pg.PoolConfig;
  private readonly migrationPool: pg.PoolConfig;

  constructor(private readonly settings: Settings) {
    super();
    const { connection } = settings;
    const hosts = connection.endpoints.map(({ host, port }) => `${host}:${port}`).join(',');
    this.description = `PostgreSQL at ${hosts}/${connection.database}`;
    const statement = (connection.commandTimeout ?? settings.statementTimeoutSeconds) * 1000;
    this.pool = this.poolOptions(statement, connection.maximumPoolSize ?? defaultPoolSize);
    this.migrationPool = this.poolOptions(migrationMilliseconds, 1);
    this.dataSourceOptions = this.sourceOptions(this.pool);
    this.migrationOptions = this.sourceOptions(this.migrationPool);
  }

  async prepare(): Promise<void> {
    const { connection, connectTimeoutSeconds } = this.settings;
    const { options, standby } = await findTarget(connection.endpoints, await tlsChoices(connection), {
      ...this.pool,
      connectionTimeoutMillis: (connection.timeout ?? connectTimeoutSeconds) * 1000,
    });
    if (standby)
      this.logger.warn({ msg: 'The database is a standby: keys can be read, not stored', host: options.host });
    const { host, port, ssl } = options;
    for (const pool of [this.pool, this.migrationPool]) {
      Object.assign(pool, { host, port, ssl });
      if (options.statement_timeout === undefined) delete pool.statement_timeout;
    }
  }

  userKeys(source: DataSource): PostgresqlUserKeyStatements {
    return new PostgresqlUserKeyStatements(source);
  }

  lock<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return source.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
      return work(manager);
    });
  }

  turn<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  failureOf(error: unknown): Failure | undefined {
    return postgresqlFailureOf(error);
  }

  private poolOptions(statementMilliseconds: number, max: number): pg.PoolConfig {
    const { connection, acquireTimeoutSeconds } = this.settings;
    return {
      database: connection.database,
      user: connection.username,
      ...(connection.password === undefined ? {} : { password: connection.password }),
      ...(connection.searchPath === undefined ? {} : { options: `-c search_path=${escape(connection.searchPath)}` }),
      application_name: connection.applicationName ?? 'key-connector',
      max,
      // node-postgres has one deadline for both: waiting for a free connection and opening one.
      connectionTimeoutMillis: acquireTimeoutSeconds * 1000,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      statement_timeout: statementMilliseconds,
      // The server's own limit comes first; this one is for a server that no longer answers at all.
      query_timeout: statementMilliseconds + 500,
      types: {
        getTypeParser: (oid: number, format?: 'text' | 'binary'): ((value: string | Buffer) => unknown) =>
          oid === timestampOid ? String : (pg.types.getTypeParser as TypeParsers)(oid, format),
      },
    };
  }

  private sourceOptions(pool: pg.PoolConfig): DataSourceOptions {
    return {
      ...commonOptions,
      type: 'postgres',
      driver: pg,
      installExtensions: false,
      migrations: postgresqlMigrations,
      extra: pool,
      poolErrorHandler: (error: unknown) => {
        const reason = error instanceof Error ? error.message : 'unknown';
        this.logger.warn({ msg: 'An idle database connection was lost', database: this.description, error: reason });
      },
    };
  }
}

/** A value inside libpq's `options`: blanks split arguments, so they are escaped. */
const escape = (text: string): string => text.replaceAll(/[\\ ]/g, String.raw`\$&`);
