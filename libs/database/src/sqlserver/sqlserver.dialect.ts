import mssql from 'mssql';
import type { DataSource, DataSourceOptions, EntityManager, QueryRunner } from 'typeorm';
import { commonOptions } from '../dialect/common-options.js';
import { Dialect, nobody } from '../dialect/dialect.js';
import { OptionalLock } from '../dialect/optional-lock.js';
import { SessionFaults } from '../dialect/session.js';
import { DatabaseUnavailable } from '../errors/database.errors.js';
import type { Failure } from '../errors/failure.js';
import { isLockRefusal, isLoginRefusal, sqlserverFailureOf } from './failures.js';
import { sqlserverLayoutGuard } from './layout-guard.js';
import { ClassicTables1760000000001 } from './migrations/1-classic-tables.js';
import { DataKeys1760000000002 } from './migrations/2-data-keys.js';
import { RingManifests1760000000003 } from './migrations/3-ring-manifests.js';
import { sqlserverSight } from './sight.js';
import { DurabilityLook, type Place, placeQuestion, SqlserverSessions } from './session.js';
import { poolOptions, requestOn, SqlserverPool, type SqlserverSettings } from './sqlserver.pool.js';
import { SqlserverUserKeyStatements } from './user-key.statements.js';

/** A migration may have to build an index over every member. */
const migrationMilliseconds = 15 * 60_000;

/**
 * One lock a database, for migrations and for the data key ring; it goes with the transaction. The wait ends with the
 * statement's deadline.
 */
const takeLock = `
  DECLARE @result int;
  EXEC @result = sp_getapplock
    @Resource = N'key-connector', @LockMode = N'Exclusive', @LockOwner = N'Transaction', @LockTimeout = -1;
  SELECT @result AS [result];`;

/** SQL Server 2019 or newer and Azure SQL, through mssql (tedious). */
export class SqlserverDialect extends Dialect {
  readonly description: string;
  readonly dataSourceOptions: DataSourceOptions;
  readonly migrationOptions: DataSourceOptions;
  readonly sight = sqlserverSight;
  readonly layoutGuard = sqlserverLayoutGuard;
  override readonly randomNumber = 'NEWID()';
  override readonly fractionDigits = 7;
  /**
   * A batch sees what the one before it made. The first error ends the transaction, and without one nothing more is
   * done: sqlcmd ends at an error only when it is told to (`-b`).
   */
  override readonly script = {
    begin: 'SET XACT_ABORT ON;\nSET QUOTED_IDENTIFIER ON;\nBEGIN TRANSACTION;\nGO',
    guard: 'IF @@TRANCOUNT > 0\n',
    terminator: ';\nGO',
    end: 'IF @@TRANCOUNT > 0\nCOMMIT;\nGO',
  };

  private readonly optionalLock: OptionalLock;
  private readonly sessions: SqlserverSessions;
  private readonly durability: DurabilityLook;

  constructor(settings: SqlserverSettings) {
    super();
    const { host, port, instance, database } = settings.connection;
    const place = instance === undefined ? `${host}:${port}` : `${host}\\${instance}`;
    this.description = `SQL Server at ${place}${database === undefined ? '' : `/${database}`}`;
    this.optionalLock = new OptionalLock(this.description, isLockRefusal);
    this.sessions = new SqlserverSessions(new SessionFaults(this.description), database);
    this.durability = new DurabilityLook(this.description);
    this.dataSourceOptions = sourceOptions(poolOptions(settings));
    const pool = poolOptions(settings, migrationMilliseconds);
    this.migrationOptions = sourceOptions({ ...pool, pool: { ...pool.pool, max: 1 } });
  }

  /** Nothing has to be known before the pool opens: the first connection tells what is wrong. */
  async prepare(): Promise<void> {
    await Promise.resolve();
  }

  /**
   * The pool's connections are in the right database: TypeORM shall name it in no statement, nor take its name apart.
   */
  override opened({ driver }: DataSource): void {
    Reflect.deleteProperty(driver, 'database');
    const create = driver.createQueryRunner.bind(driver);
    driver.createQueryRunner = (mode) => {
      const runner = create(mode);
      runner.hasTable = (table) => hasTable(runner, driver.parseTableName(table).tableName);
      return runner;
    };
  }

  override async check(source: DataSource): Promise<void> {
    const { recordset } = await requestOn(source).query<Place>(placeQuestion);
    for (const place of recordset) this.sessions.look(place);
  }

  override inspect(manager: EntityManager): Promise<void> {
    return this.durability.look(manager);
  }

  override async ping(source: DataSource): Promise<void> {
    const request = requestOn(source).input('id', mssql.UniqueIdentifier, nobody);
    const { recordset } = await request.query<Place>(`
      ${placeQuestion};
      SELECT [Id], [Key], [DataKeyId] FROM [UserKeys] WHERE [Id] = @id`);
    for (const place of recordset) this.sessions.look(place);
  }

  userKeys(source: DataSource): SqlserverUserKeyStatements {
    return new SqlserverUserKeyStatements(source);
  }

  lock<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.optionalLock.run((take) =>
      source.transaction(async (manager) => {
        const answer = await take(() => manager.query<{ result: number }[]>(takeLock));
        // Below zero: timed out, cancelled, deadlock victim, or refused (sp_getapplock).
        const result = answer?.[0]?.result ?? 'no answer';
        if (answer !== undefined && (typeof result !== 'number' || result < 0))
          throw new DatabaseUnavailable(`${this.description} did not grant the lock (${result}).`);
        return work(manager);
      }),
    );
  }

  override snapshot<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return source.transaction(async (manager) => {
      for (const place of await manager.query<Place[]>(placeQuestion)) this.sessions.look(place);
      return work(manager);
    });
  }

  override isLoginRefused(error: unknown): boolean {
    return isLoginRefusal(error);
  }

  /** DATALENGTH counts the two bytes of each letter of nvarchar. */
  override lengthOf(expression: string): string {
    return `(DATALENGTH(${expression}) / 2)`;
  }

  failureOf(error: unknown): Failure | undefined {
    return sqlserverFailureOf(error);
  }
}

/** By the name that the statements have, so in the schema that they find it in. */
async function hasTable(runner: QueryRunner, name: string): Promise<boolean> {
  const rows: unknown = await runner.query(`SELECT OBJECT_ID(N'[${name}]', N'U') AS [id]`);
  return (rows as readonly { id: number | null }[])[0]?.id != null;
}

function sourceOptions(pool: object): DataSourceOptions {
  return {
    ...commonOptions,
    type: 'mssql',
    driver: { ...mssql, ConnectionPool: SqlserverPool },
    migrations: [ClassicTables1760000000001, DataKeys1760000000002, RingManifests1760000000003],
    extra: pool,
  };
}
