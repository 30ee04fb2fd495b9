import type { Secret } from '@key-connector/common';
import mssql from 'mssql';
import type { DataSource } from 'typeorm';
import type { ProductSettings } from '../dialect/product.js';
import { driverErrorOf } from '../errors/driver-error.js';
import type { SqlserverConnection } from './connection-string.js';
import { entraLogin } from './entra-login.js';
import { connectResetting } from './resetting-socket.js';

/** Settings of a SQL Server database. */
export type SqlserverSettings = ProductSettings<SqlserverConnection>;

/** Reads share queries and writes are rare, so few connections do; SqlClient's 100 would let one replica use up a server. */
const defaultPoolSize = 10;

/** How long a server may take to confirm that it stopped a statement, before the connection is given up. */
const cancelMilliseconds = 500;

/** Options of mssql and tedious that @types/mssql does not know. */
type PoolConfig = Omit<mssql.config, 'options' | 'authentication' | 'password'> & {
  readonly password?: Secret;
  readonly options: Readonly<Record<string, unknown>> & { encrypt: boolean | 'strict' };
  readonly authentication?: { readonly type: 'token-credential'; readonly options: object };
  readonly validateConnection: 'socket';
  /** Whether a server that knows no TLS is used without. */
  readonly encryptionOptional: boolean;
};

/** The parts of tedious' connection that say whether it can be used again. */
type Connection = mssql.Connection & { readonly inTransaction: boolean };

/** What mssql's pool lets its drivers override. */
interface PoolInternals extends mssql.ConnectionPool {
  readonly config: PoolConfig;
  _poolCreate(): Promise<Connection>;
  _poolValidate(connection: Connection): boolean;
  release(connection: Connection): this;
}

const BasePool = mssql.ConnectionPool as unknown as new (
  config: Omit<PoolConfig, 'password'> & { readonly password?: string },
) => PoolInternals;

/** Options of a pool; every wait in it has a deadline. */
export function poolOptions(settings: SqlserverSettings, statementMilliseconds?: number): PoolConfig {
  const { connection, connectTimeoutSeconds, acquireTimeoutSeconds, statementTimeoutSeconds } = settings;
  const { host, port, instance, database, userId, password, hostNameInCertificate } = connection;
  const login = entraLogin(connection);
  // A token may take a while, so that SqlClient gives such a login 30 seconds too.
  const connectMilliseconds = (connection.connectTimeout ?? (login ? 30 : connectTimeoutSeconds)) * 1000;
  return {
    server: host,
    ...(port === undefined ? {} : { port }),
    ...(database === undefined ? {} : { database }),
    ...(login ? { authentication: { type: 'token-credential', options: { credential: login.credential } } } : {}),
    ...(login?.beforeConnect ? { beforeConnect: login.beforeConnect } : {}),
    ...(login || userId === undefined ? {} : { user: userId }),
    ...(login || password === undefined ? {} : { password }),
    connectionTimeout: connectMilliseconds,
    requestTimeout: statementMilliseconds ?? (connection.commandTimeout ?? statementTimeoutSeconds) * 1000,
    // Before each use, look at the socket. mssql's default is a round trip more for every statement.
    validateConnection: 'socket',
    encryptionOptional: connection.encrypt === 'Optional',
    pool: {
      min: 0,
      max: connection.maximumPoolSize ?? defaultPoolSize,
      acquireTimeoutMillis: acquireTimeoutSeconds * 1000,
      createTimeoutMillis: connectMilliseconds + 1000,
      idleTimeoutMillis: 30_000,
    },
    options: {
      encrypt: connection.encrypt === 'Strict' ? 'strict' : true,
      trustServerCertificate: connection.trustServerCertificate || connection.encrypt === 'Optional',
      ...(hostNameInCertificate === undefined ? {} : { serverName: hostNameInCertificate }),
      ...(instance === undefined ? {} : { instanceName: instance }),
      appName: connection.applicationName ?? 'key-connector',
      useUTC: true,
      lowerCaseGuids: true,
      cancelTimeout: cancelMilliseconds,
      // `Database` tries again, and has the deadlines.
      maxRetriesOnTransientErrors: 0,
      // In TDS 8.0, TLS takes the socket over, which can no longer be reset then.
      ...(connection.encrypt === 'Strict' ? {} : { connector: connectResetting }),
    },
  };
}

/** mssql's pool, which hands out no connection that a transaction was left open on. */
export class SqlserverPool extends BasePool {
  constructor({ password, ...config }: PoolConfig) {
    super({ ...config, ...(password === undefined ? {} : { password: password.reveal() }) });
  }

  /** With `Encrypt=Optional`, a server that knows no TLS is used without, as SqlClient does. */
  override async _poolCreate(): Promise<Connection> {
    const { options, encryptionOptional } = this.config;
    const { encrypt } = options;
    try {
      return await super._poolCreate();
    } catch (error) {
      if (!encryptionOptional || driverErrorOf(error)?.code !== 'EENCRYPT') throw withReason(error);
      options.encrypt = !encrypt;
      return super._poolCreate();
    }
  }

  override _poolValidate(connection: Connection): boolean {
    return !connection.inTransaction && super._poolValidate(connection);
  }

  /** A rollback that failed, say because it was not answered in time, leaves a transaction that would swallow a write. */
  override release(connection: Connection): this {
    if (connection.inTransaction) connection.close();
    return super.release(connection);
  }
}

/** What an operator can do about a connection that does not open, where the driver's message does not say it. */
const advice: readonly (readonly [message: RegExp, what: string])[] = [
  [/altnames/i, 'give the name that the certificate holds by Host Name In Certificate'],
  [/issuer certificate|first certificate|self.signed/i, 'TrustServerCertificate=True leaves it unchecked'],
  [/did not negotiate encryption/i, 'the server has no TLS: Encrypt=Optional goes without'],
];

/** tedious puts what went wrong with a token into a list, and mssql drops the list. */
function withReason(error: unknown): unknown {
  const { originalError } = error as { originalError?: { errors?: readonly unknown[] } };
  const reasons = (originalError?.errors ?? []).map((one) => driverErrorOf(one)?.message);
  if (reasons.length > 0) return Object.assign(new Error(reasons.join(' ')), { code: 'EFEDAUTH' });
  const { message = '', code } = driverErrorOf(error) ?? {};
  const [, what] = advice.find(([pattern]) => pattern.test(message)) ?? [];
  return what === undefined ? error : Object.assign(new Error(`${message}; ${what}`), { code });
}

/** A request on a connection of an opened data source's pool, without the query runner around it. */
export function requestOn(source: DataSource): mssql.Request {
  // TypeORM types the pool of its SQL Server driver as any.
  return new mssql.Request((source.driver as unknown as { readonly master: mssql.ConnectionPool }).master);
}
