import { Logger } from '@nestjs/common';
import pg from 'pg';
import type { DataSource, DataSourceOptions, EntityManager } from 'typeorm';
import { postgresqlMigrations } from '../migrations/postgresql/index.js';
import { PostgresqlUserKeyStatements } from '../statements/postgresql.user-key.statements.js';
import { commonOptions } from './common-options.js';
import { Dialect, type Failure } from './dialect.js';
import { postgresqlFailureOf } from './postgresql.failure.js';
import { driverErrorOf } from '../driver-error.js';
import { poolOptions, type PostgresqlSettings } from './postgresql.pool.js';
import { findTarget, type Target } from './postgresql.target.js';
import { tlsChoices } from './postgresql.tls.js';

/** A migration may have to build an index over every member. */
const migrationMilliseconds = 15 * 60_000;

/** `pg_advisory_xact_lock` key: "keyconn" in ASCII. One lock a database, for migrations and for the data key ring. */
const lockKey = '30229461374070382';

/** PostgreSQL 12 or newer, through node-postgres. */
export class PostgresqlDialect extends Dialect {
  readonly description: string;
  readonly dataSourceOptions: DataSourceOptions;
  readonly migrationOptions: DataSourceOptions;
  private readonly logger = new Logger(PostgresqlDialect.name);
  private readonly pool: pg.PoolConfig;
  /** The server that answered last, and how: every new connection of the pools goes there. */
  private target: Target['options'];
  private searching = false;

  constructor(private readonly settings: PostgresqlSettings) {
    super();
    const { connection } = settings;
    this.target = connection.endpoints[0];
    const hosts = connection.endpoints.map(({ host, port }) => `${host}:${port}`).join(',');
    this.description = `PostgreSQL at ${hosts}/${connection.database}`;
    this.pool = poolOptions(settings);
    this.dataSourceOptions = this.sourceOptions(this.pool);
    this.migrationOptions = this.sourceOptions({ ...poolOptions(settings, migrationMilliseconds), max: 1 });
  }

  async prepare(): Promise<void> {
    const { connection, connectTimeoutSeconds } = this.settings;
    const { options, standby } = await findTarget(connection.endpoints, (host) => tlsChoices(connection, host), {
      ...this.pool,
      connectionTimeoutMillis: (connection.timeout ?? connectTimeoutSeconds) * 1000,
    });
    if (standby)
      this.logger.warn({ msg: 'The database is a standby: keys can be read, not stored', host: options.host });
    this.target = options;
  }

  /**
   * Looks for the primary again when there are several hosts. New connections go to what was found; each old one leaves
   * the pool with its next error.
   */
  override failed(failure: Failure): void {
    if (this.settings.connection.endpoints.length === 1 || failure === 'rolled-back' || this.searching) return;
    this.searching = true;
    this.prepare()
      .catch((error: unknown) => {
        this.logger.warn({ msg: 'No database host answers', error: driverErrorOf(error)?.message });
      })
      .finally(() => (this.searching = false));
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

  /** A client that connects to the target of the moment: a pool's own options are fixed when it opens. */
  private clientClass(): typeof pg.Client {
    const target = (config: pg.ClientConfig): pg.ClientConfig => {
      const { host, port, ssl, statement_timeout: timeout } = this.target;
      // A pool hides its password from enumeration, so a spread leaves it out.
      const { password } = config;
      const options = { ...config, ...(password === undefined ? {} : { password }), host, port, ssl };
      if (timeout === undefined) delete options.statement_timeout;
      return options;
    };
    return class extends pg.Client {
      constructor(config: pg.ClientConfig) {
        super(target(config));
      }
    };
  }

  private sourceOptions(pool: pg.PoolConfig): DataSourceOptions {
    return {
      ...commonOptions,
      type: 'postgres',
      driver: pg,
      installExtensions: false,
      migrations: postgresqlMigrations,
      extra: { ...pool, Client: this.clientClass() },
      poolErrorHandler: (error: unknown) => {
        const reason = error instanceof Error ? error.message : 'unknown';
        this.logger.warn({ msg: 'An idle database connection was lost', database: this.description, error: reason });
      },
    };
  }
}
