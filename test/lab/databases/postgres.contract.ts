import type { DatabaseServer, ServerOptions } from './database.server.ts';

export interface PostgresOptions extends ServerOptions {
  /** Major version; the newest that this machine has when left out. */
  readonly major?: number;
}

/** A real PostgreSQL server with one empty database. */
export interface PostgresServer extends DatabaseServer {
  /** Also with values, for one statement. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
}
