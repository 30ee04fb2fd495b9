import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { ProductSettings } from '../dialect/product.js';
import type { PostgresqlConnection } from './connection-string.js';

/** Settings of a PostgreSQL database. */
export type PostgresqlSettings = ProductSettings<PostgresqlConnection>;

/**
 * Reads share queries and writes are rare, so few connections do; Npgsql's 100 would let one replica use up a server.
 */
const defaultPoolSize = 10;

/** OID of `timestamp without time zone`: node-postgres would read it as local time, our columns are UTC text. */
const timestampOid = 1114;

type TypeParsers = (oid: number, format?: 'text' | 'binary') => (value: string | Buffer) => unknown;

/** Options of a pool, but for the server to go to; every wait in it has a deadline. */
export function poolOptions(settings: PostgresqlSettings, statementMilliseconds?: number): pg.PoolConfig {
  const { connection, acquireTimeoutSeconds, statementTimeoutSeconds } = settings;
  const statement = statementMilliseconds ?? (connection.commandTimeout ?? statementTimeoutSeconds) * 1000;
  const { searchPath, options: given, password } = connection;
  const options = [
    ...(given === undefined ? [] : [given]),
    ...(searchPath === undefined ? [] : [`-c search_path=${escape(searchPath)}`]),
  ];
  return {
    database: connection.database,
    user: connection.username,
    ...(password === undefined ? {} : { password: () => password.reveal() }),
    ...(options.length === 0 ? {} : { options: options.join(' ') }),
    application_name: connection.applicationName ?? 'key-connector',
    max: connection.maximumPoolSize ?? defaultPoolSize,
    // node-postgres has one deadline for both: waiting for a free connection and opening one.
    connectionTimeoutMillis: acquireTimeoutSeconds * 1000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: statement,
    // The server's own limit comes first; this one is for a server that no longer answers at all.
    query_timeout: statement + 500,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary'): ((value: string | Buffer) => unknown) =>
        oid === timestampOid ? String : (pg.types.getTypeParser as TypeParsers)(oid, format),
    },
  };
}

/**
 * The pool of an opened data source. `Pool.query` drops a connection whose statement timed out, where TypeORM's query
 * runner would give it back with the statement still on it.
 */
export function poolOf(source: DataSource): pg.Pool {
  // TypeORM types the pool of its PostgreSQL driver as any.
  return (source.driver as unknown as { readonly master: pg.Pool }).master;
}

/** A value inside libpq's `options`: blanks split arguments, so they are escaped. */
const escape = (text: string): string => text.replaceAll(/[\\ ]/g, String.raw`\$&`);
