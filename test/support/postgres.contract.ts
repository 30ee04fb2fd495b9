/** What a test may ask of the server it gets. */
export interface PostgresOptions {
  /** Major version; the newest that this machine has when left out. Ignored with TEST_POSTGRES_URL. */
  readonly major?: number;
  /** Server parameters, such as `{ max_connections: '20' }`. Ignored with TEST_POSTGRES_URL. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A real PostgreSQL server with one empty database. */
export interface PostgresServer {
  /** `database__*` settings that lead to the database. */
  readonly settings: Readonly<Record<string, string>>;
  /** ADO.NET connection string of the database. */
  readonly connectionString: string;
  /** The same as a URL. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Runs SQL on a connection of its own; several statements are fine when there are no values. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Ends the server (or drops the database on a server that is not ours) and removes its files. */
  stop(): Promise<void>;
  /** Shuts the server down (`fast`: open connections are cut) and starts it again on the same port and files. */
  restart(): Promise<void>;
  /** Sends a signal to the server and waits for its end; `restart` brings it back. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Stops every process of the server where it stands: connections stay open and nothing answers. */
  freeze(): Promise<void>;
  /** Lets a frozen server go on. */
  thaw(): Promise<void>;
}
