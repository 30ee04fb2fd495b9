import type { DatabaseServer, ServerOptions } from './database.server.ts';

export type MariadbOptions = ServerOptions;

/** A real MariaDB or MySQL server with one empty database. */
export interface MariadbServer extends DatabaseServer {
  /** Also in another database. */
  query<Row extends object = Record<string, unknown>>(sql: string, database?: string): Promise<Row[]>;
}
