import { setTimeout as sleep } from 'node:timers/promises';
import type { Secret } from '@key-connector/common';
import mssql from 'mssql';
import type { DataSource } from 'typeorm';
import type { ProductSettings } from '../dialect/product.js';
import { Shortage } from '../dialect/first-free.js';
import { driverErrorOf } from '../errors/driver-error.js';
import type { SqlserverConnection } from './connection-string.js';
import { entraLogin } from './entra-login.js';
import { isLeft, isRefusedForRoom } from './failures.js';
import { connectResetting } from './resetting-socket.js';

/** Settings of a SQL Server database. */
export type SqlserverSettings = ProductSettings<SqlserverConnection>;

/**
 * Reads share queries and writes are rare, so few connections do; SqlClient's 100 would let one replica use up a
 * server.
 */
const defaultPoolSize = 10;

/** How long a server may take to confirm that it stopped a statement, before the connection is given up. */
const cancelMilliseconds = 500;

/** How long one place of the pool is not tried again when the server had no room. */
const refusedMilliseconds = 1000;

/** Options of mssql and tedious that @types/mssql does not know. */
type PoolConfig = Omit<mssql.config, 'options' | 'authentication' | 'password' | 'requestTimeout'> & {
  readonly password?: Secret;
  readonly options: Readonly<Record<string, unknown>> & { encrypt: boolean | 'strict' };
  readonly authentication?: { readonly type: 'token-credential'; readonly options: object };
  readonly validateConnection: 'socket';
  readonly requestTimeout: number;
  /** Whether a server that knows no TLS is used without. */
  readonly encryptionOptional: boolean;
};

/** The parts of tedious' connection that say whether it can be used again. */
type Connection = mssql.Connection & { readonly inTransaction: boolean };

/** What mssql's pool lets its drivers override. */
interface PoolInternals extends mssql.ConnectionPool {
  readonly config: PoolConfig;
  _acquire(): Promise<Connection>;
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

/** mssql's pool, which hands out no connection that a transaction was left open on, or whose server is better left. */
export class SqlserverPool extends BasePool {
  private readonly shortage = new Shortage(this.config.pool?.max ?? 0, () => this.opened);
  private readonly left = new WeakSet<Connection>();

  constructor({ password, ...config }: PoolConfig) {
    super({ ...config, ...(password === undefined ? {} : { password: password.reveal() }) });
  }

  /** Fails at the acquire deadline; where the server gives no further connection, one that is there will be free. */
  override async _acquire(): Promise<Connection> {
    const deadline = performance.now() + (this.config.pool?.acquireTimeoutMillis ?? 0);
    for (;;) {
      try {
        return await super._acquire();
      } catch (error) {
        if (!isRefusedForRoom(error) || this.opened === 0 || performance.now() >= deadline) throw error;
      }
    }
  }

  override async _poolCreate(): Promise<Connection> {
    try {
      return await this.connectOne();
    } catch (error) {
      if (isRefusedForRoom(error) && this.opened > 0) {
        this.shortage.note(error as Error);
        // tarn asks for the next one at once, and gives to those who wait what comes back meanwhile.
        await sleep(refusedMilliseconds);
      }
      throw error;
    }
  }

  /** Connections that are there, in use or idle. */
  private get opened(): number {
    return this.connected ? this.available + this.borrowed : 0;
  }

  private async connectOne(): Promise<Connection> {
    const connection = await this.dial();
    // What the server says of a statement that failed; the pool's own `release` is not told.
    connection.on('errorMessage', (said: unknown) => {
      if (isLeft(said)) this.left.add(connection);
    });
    return connection;
  }

  /** With `Encrypt=Optional`, a server that knows no TLS is used without, as SqlClient does. */
  private async dial(): Promise<Connection> {
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

  /**
   * A rollback that failed, say because it was not answered in time, leaves a transaction that would swallow a write.
   */
  override release(connection: Connection): this {
    if (connection.inTransaction || this.left.has(connection)) connection.close();
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

/** How long the caller of a statement waits, in milliseconds. */
export const requestMilliseconds = (source: DataSource): number =>
  (poolOf(source) as PoolInternals).config.requestTimeout;

/**
 * How long a statement of an opened data source may wait for locks, in milliseconds: longer than its caller waits,
 * whose cancellation the server may have missed.
 */
export function lockMilliseconds(source: DataSource): number {
  return requestMilliseconds(source) + cancelMilliseconds;
}

/** A request on a connection of an opened data source's pool, without the query runner around it. */
export function requestOn(source: DataSource): mssql.Request {
  return new mssql.Request(poolOf(source));
}

function poolOf(source: DataSource): mssql.ConnectionPool {
  // TypeORM types the pool of its SQL Server driver as any.
  return (source.driver as unknown as { readonly master: mssql.ConnectionPool }).master;
}
