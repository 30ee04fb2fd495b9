import { type PostgresServer, startPostgres } from '../postgres.server.js';
import { onPostgres } from './on-postgres.js';
import { TdsServer, type TdsOptions } from './server.js';

/** A double of SQL Server that is up. */
export interface TdsDouble {
  readonly server: TdsServer;
  readonly port: number;
  /** ADO.NET connection string of its one database. */
  readonly connectionString: string;
  stop(): Promise<void>;
}

/** Starts a double with PostgreSQL behind it: one of its own, unless it is given one that several share. */
export async function startTdsDouble(options: TdsOptions = {}, shared?: PostgresServer): Promise<TdsDouble> {
  const postgres = shared ?? (await startPostgres());
  const server = new TdsServer(onPostgres(postgres.url), options);
  const port = await server.listen();
  return {
    server,
    port,
    connectionString: `Server=127.0.0.1,${port};Database=${postgres.database};User Id=sa;Password=p;Encrypt=Optional`,
    stop: async () => {
      await server.close();
      if (shared === undefined) await postgres.stop();
    },
  };
}
