/** What a test may ask of the server it gets. */
export interface MariadbOptions {
  /** Server variables, such as `{ max_connections: '20' }`. Ignored with TEST_MYSQL_URL. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A real MariaDB or MySQL server with one empty database. */
export interface MariadbServer {
  /** `database__*` settings that lead to the database. */
  readonly settings: Readonly<Record<string, string>>;
  /** ADO.NET connection string of the database. */
  readonly connectionString: string;
  /** The same as a URL. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Runs SQL on a connection of its own, in the database or another one; "double quotes" hold names. */
  query<Row extends object = Record<string, unknown>>(sql: string, database?: string): Promise<Row[]>;
  /** Ends the server (or drops the database on a server that is not ours) and removes its files. */
  stop(): Promise<void>;
  /** Shuts the server down and starts it again on the same port and files. */
  restart(): Promise<void>;
  /** Sends a signal to the server and waits for its end; `restart` brings it back. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Stops the server where it stands: connections stay open and nothing answers. */
  freeze(): Promise<void>;
  /** Lets a frozen server go on. */
  thaw(): void;
}
