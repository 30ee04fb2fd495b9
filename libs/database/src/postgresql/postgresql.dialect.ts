import { messageOf } from '@key-connector/common';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import type { DataSource, DataSourceOptions, EntityManager } from 'typeorm';
import { commonOptions } from '../dialect/common-options.js';
import { Dialect, nobody } from '../dialect/dialect.js';
import { OptionalLock } from '../dialect/optional-lock.js';
import type { Failure } from '../errors/failure.js';
import { CloudLogin } from '../identity/cloud-login.js';
import { isLockRefusal, isLoginRefusal, postgresqlFailureOf } from './failures.js';
import { followerOf, followingPool, ServerLeft } from './following-pool.js';
import { postgresqlLayoutGuard } from './layout-guard.js';
import { ClassicTables1760000000001 } from './migrations/1-classic-tables.js';
import { DataKeys1760000000002 } from './migrations/2-data-keys.js';
import { RingManifests1760000000003 } from './migrations/3-ring-manifests.js';
import { poolOf, poolOptions, type PostgresqlSettings } from './pool-options.js';
import { findTarget } from './probe.js';
import { Servers } from './servers.js';
import { postgresqlSight } from './sight.js';
import { type Place, placeColumns, PostgresqlSessions } from './session.js';
import { tlsChoices } from './tls.js';
import { durableCommit, findIn, PostgresqlUserKeyStatements } from './user-key.statements.js';

/** A migration may have to build an index over every member. */
const migrationMilliseconds = 15 * 60_000;

/** `pg_advisory_xact_lock` key: "keyconn" in ASCII. One lock a database, for migrations and for the data key ring. */
const lockKey = '30229461374070382';

/** PostgreSQL 12 or newer, through node-postgres. */
export class PostgresqlDialect extends Dialect {
  readonly description: string;
  readonly dataSourceOptions: DataSourceOptions;
  readonly migrationOptions: DataSourceOptions;
  readonly sight = postgresqlSight;
  readonly layoutGuard = postgresqlLayoutGuard;
  private readonly logger = new Logger(PostgresqlDialect.name);
  private readonly servers: Servers;
  private readonly sessions: PostgresqlSessions;
  private readonly optionalLock: OptionalLock;

  constructor(settings: PostgresqlSettings) {
    super();
    const { connection, connectTimeoutSeconds, identity } = settings;
    const hosts = connection.endpoints.map(({ host, port }) => `${host}:${port}`).join(',');
    this.description = `PostgreSQL at ${hosts}/${connection.database}`;
    this.sessions = new PostgresqlSessions(this.description, connection.database);
    this.optionalLock = new OptionalLock(this.description, isLockRefusal);
    const pool = poolOptions(settings);
    const probe = { ...pool, connectionTimeoutMillis: (connection.timeout ?? connectTimeoutSeconds) * 1000 };
    const login = identity && new CloudLogin(identity, connection.username);
    const places = connection.endpoints.map((endpoint) => {
      const token = login?.passwordFor(endpoint);
      return { ...endpoint, ...(token && { password: async () => (await token()).reveal() }) };
    });
    this.servers = new Servers(connection.endpoints, () =>
      findTarget(places, (host) => tlsChoices(connection, host), probe),
    );
    this.dataSourceOptions = this.sourceOptions(pool);
    this.migrationOptions = this.sourceOptions({ ...poolOptions(settings, migrationMilliseconds), max: 1 });
  }

  prepare(): Promise<void> {
    return this.servers.choose();
  }

  override opened(source: DataSource): void {
    this.servers.follow(followerOf(source));
  }

  override failed(failure: Failure): void {
    if (failure !== 'rolled-back' && failure !== 'locked') this.servers.search();
  }

  /**
   * Says where the session reads, beside what requests read; in one statement, since the next one may have another
   * session.
   */
  override async ping(source: DataSource): Promise<void> {
    const find = findIn(this.sessions.tables.members);
    const text = `SELECT ${placeColumns} FROM (SELECT 1) AS session LEFT JOIN (${find}) AS found ON true`;
    const { rows } = await poolOf(source).query<Place>(text, [[nobody]]);
    for (const place of rows) this.sessions.look(place);
  }

  userKeys(source: DataSource): PostgresqlUserKeyStatements {
    return new PostgresqlUserKeyStatements(source, this.sessions);
  }

  lock<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.optionalLock.run((take) =>
      source.transaction(async (manager) => {
        await take(() => manager.query('SELECT pg_advisory_xact_lock($1)', [lockKey]));
        // Tables and data keys are made in this session, and kept before anyone is told of them.
        await this.lookInside(manager, `, ${durableCommit} AS "commit"`);
        return work(manager);
      }),
    );
  }

  override snapshot<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return source.transaction(async (manager) => {
      // Whole tables may be read: on one of the server's processors, beside those that read for members.
      await this.lookInside(manager, `, set_config('max_parallel_workers_per_gather', '0', true) AS "parallel"`);
      return work(manager);
    });
  }

  override isLoginRefused(error: unknown): boolean {
    return isLoginRefusal(error);
  }

  failureOf(error: unknown): Failure | undefined {
    return postgresqlFailureOf(error);
  }

  /** Looks where a transaction reads: a pooler gives each one a session. */
  private async lookInside(manager: EntityManager, more = ''): Promise<void> {
    for (const place of await manager.query<Place[]>(`SELECT ${placeColumns}${more}`)) this.sessions.look(place);
  }

  private sourceOptions(pool: pg.PoolConfig): DataSourceOptions {
    return {
      ...commonOptions,
      type: 'postgres',
      driver: { ...pg, Pool: followingPool(this.servers, this.sessions) },
      installExtensions: false,
      migrations: [ClassicTables1760000000001, DataKeys1760000000002, RingManifests1760000000003],
      extra: pool,
      poolErrorHandler: (error: unknown) => {
        if (error instanceof ServerLeft) return;
        const lost = { database: this.description, error: messageOf(error) };
        this.logger.warn({ msg: 'An idle database connection was lost', ...lost });
      },
    };
  }
}
