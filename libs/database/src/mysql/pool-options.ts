import type { ProductSettings } from '../dialect/product.js';
import type { CloudLogin } from '../identity/cloud-login.js';
import type { MysqlConnection } from './connection-string.js';
import type { MysqlPoolOptions } from './mysql.pool.js';
import { tlsName, type MysqlTls } from './tls.js';

/** Settings of a MySQL or MariaDB database. */
export type MysqlSettings = ProductSettings<MysqlConnection>;

/** Reads share queries and writes are rare, so few connections do; MySqlConnector's 100 would use up a server. */
const defaultPoolSize = 10;

/** Options of a pool, but for TLS; every wait in it has a deadline. */
export function mysqlPoolOptions(
  settings: MysqlSettings,
  login: CloudLogin | undefined,
  statementSeconds?: number,
): MysqlPoolOptions {
  const { connection, acquireTimeoutSeconds, statementTimeoutSeconds } = settings;
  const { server, port, userId, password } = connection;
  const seconds = statementSeconds ?? connection.commandTimeout ?? statementTimeoutSeconds;
  return {
    host: server,
    port,
    tlsName: tlsName(server),
    acquireMilliseconds: acquireTimeoutSeconds * 1000,
    statementSeconds: seconds,
    staleReads: settings.allowStaleReads,
    ...(login === undefined ? { password } : { token: login.passwordFor({ host: server, port }) }),
    driver: {
      database: connection.database,
      user: userId,
      connectAttributes: { program_name: 'key-connector' },
      charset: 'utf8mb4',
      // Columns without time zone hold UTC: as text no driver, server or process can shift them.
      dateStrings: true,
      supportBigNumbers: true,
      // A swap is one message of several statements. What comes from outside goes by values, escaped by mysql2.
      multipleStatements: true,
      connectionLimit: connection.maximumPoolSize ?? defaultPoolSize,
    },
  };
}

/** The same pool with at most this many connections. */
export const withSize = (options: MysqlPoolOptions, connectionLimit: number): MysqlPoolOptions => ({
  ...options,
  driver: { ...options.driver, connectionLimit },
});

/** The same pool by one way of TLS. */
export const withTls = (options: MysqlPoolOptions, tls: MysqlTls): MysqlPoolOptions =>
  tls === undefined ? options : { ...options, driver: { ...options.driver, ssl: tls } };
