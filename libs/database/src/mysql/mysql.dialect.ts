import type { DataSource, DataSourceOptions, EntityManager } from 'typeorm';
import { isSocketPath } from '../connection-string/host.js';
import { commonOptions } from '../dialect/common-options.js';
import { Dialect, nobody } from '../dialect/dialect.js';
import { OptionalLock } from '../dialect/optional-lock.js';
import { SessionFaults } from '../dialect/session.js';
import type { Failure } from '../errors/failure.js';
import { CloudLogin } from '../identity/cloud-login.js';
import { isLoginRefusal, mysqlFailureOf } from './failures.js';
import { MysqlInspection } from './inspection.js';
import { isLockRefusal, underLock } from './lock.js';
import { mysqlLayoutGuard } from './layout-guard.js';
import { ClassicTables1760000000001 } from './migrations/1-classic-tables.js';
import { DataKeys1760000000002 } from './migrations/2-data-keys.js';
import { RingManifests1760000000003 } from './migrations/3-ring-manifests.js';
import { MysqlPool, poolOf, type MysqlPoolOptions } from './mysql.pool.js';
import { mysqlPoolOptions, withSize, withTls, type MysqlSettings } from './pool-options.js';
import { findMysqlTls } from './probe.js';
import { mysqlSight } from './sight.js';
import { type Decisive, decisiveColumns, decisiveFaults } from './session.js';
import { mysqlTlsChoices, type MysqlTls } from './tls.js';
import { find, MysqlUserKeyStatements } from './user-key.statements.js';

/** A migration may have to build an index over every member. */
const migrationSeconds = 15 * 60;

/** MySQL 8 or MariaDB 10.6 or newer, through mysql2. */
export class MysqlDialect extends Dialect {
  readonly description: string;
  readonly dataSourceOptions: DataSourceOptions;
  readonly migrationOptions: DataSourceOptions;
  readonly sight = mysqlSight;
  readonly layoutGuard = mysqlLayoutGuard;
  override readonly randomNumber = 'RAND()';
  override readonly script = {
    begin: '-- Each change of a table commits by itself: when one fails, print what is left anew.',
    terminator: ';',
    // For a session that does not commit by itself: the row that notes the last migration is no change of a table.
    end: 'COMMIT;',
  };
  private readonly login: CloudLogin | undefined;
  private readonly optionalLock: OptionalLock;
  private readonly faults: SessionFaults;
  private readonly inspection: MysqlInspection;
  private tls: MysqlTls;

  constructor(private readonly settings: MysqlSettings) {
    super();
    const { server, port, database, userId } = settings.connection;
    this.login = settings.identity && new CloudLogin(settings.identity, userId);
    this.description = isSocketPath(server)
      ? `MySQL at ${server}, database ${database}`
      : `MySQL at ${server}:${port}/${database}`;
    this.optionalLock = new OptionalLock(this.description, isLockRefusal);
    this.faults = new SessionFaults(this.description);
    this.inspection = new MysqlInspection(this.description);
    this.dataSourceOptions = this.sourceOptions(mysqlPoolOptions(settings, this.login));
    this.migrationOptions = this.sourceOptions(withSize(mysqlPoolOptions(settings, this.login, migrationSeconds), 1));
  }

  async prepare(): Promise<void> {
    const { connection, connectTimeoutSeconds } = this.settings;
    const acquireMilliseconds = (connection.connectionTimeout ?? connectTimeoutSeconds) * 1000;
    const base = { ...mysqlPoolOptions(this.settings, this.login), acquireMilliseconds };
    this.tls = await findMysqlTls(await mysqlTlsChoices(connection), base);
  }

  /** Asks the session too, in the statement that reads: behind a proxy, the next one may have another session. */
  override async ping(source: DataSource): Promise<void> {
    const text = `SELECT ${decisiveColumns} FROM (SELECT 1) AS session LEFT JOIN (${find}) AS found ON TRUE`;
    const rows = await poolOf(source).runRead<Decisive[]>(text, [[nobody]]);
    this.faults.hear(rows.flatMap((row) => decisiveFaults(row, this.settings.connection.database)));
  }

  override inspect(manager: EntityManager): Promise<void> {
    return this.inspection.look(manager);
  }

  userKeys(source: DataSource): MysqlUserKeyStatements {
    return new MysqlUserKeyStatements(source);
  }

  lock<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return underLock(source, this.optionalLock, poolOf(source).statementSeconds, work);
  }

  override snapshot<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return source.transaction(async (manager) => {
      const rows = await manager.query<Decisive[]>(`SELECT ${decisiveColumns}`);
      this.faults.hear(rows.flatMap((row) => decisiveFaults(row, this.settings.connection.database)));
      return work(manager);
    });
  }

  override isLoginRefused(error: unknown): boolean {
    return isLoginRefusal(error);
  }

  failureOf(error: unknown): Failure | undefined {
    return mysqlFailureOf(error);
  }

  private sourceOptions(pool: MysqlPoolOptions): DataSourceOptions {
    return {
      ...commonOptions,
      type: 'mysql',
      database: this.settings.connection.database,
      // TypeORM opens its pool when it connects, which is after `prepare`.
      driver: { createPool: () => new MysqlPool(withTls({ ...pool, faults: this.faults }, this.tls)) },
      // MySQL commits at every change of a table: each step looks first whether it is done, so one that was cut off is
      // run again.
      migrations: [ClassicTables1760000000001, DataKeys1760000000002, RingManifests1760000000003],
    };
  }
}
