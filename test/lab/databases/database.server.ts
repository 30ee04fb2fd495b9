/** What a test may ask of a database server of its own; a hosted one takes none of it. */
export interface ServerOptions {
  /** Parameters or variables of the server, such as `{ max_connections: '20' }`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The folder in which it makes its own; the system's one for temporary files when left out. */
  readonly parent?: string;
}

/** Where and as whom to connect. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
}

/** The ways to a database, as an operator writes them down. */
export interface ConnectionStrings {
  /** `database__*` settings that lead to the database. */
  readonly settings: Readonly<Record<string, string>>;
  /** ADO.NET connection string of the database. */
  readonly connectionString: string;
  /** The same as a URL. */
  readonly url: string;
}

/** A real database server with one empty database. */
export interface DatabaseServer extends ConnectionStrings, Omit<ServerAddress, 'password'> {
  /** Runs SQL, also several statements, on a connection of its own; "double quotes" hold names. */
  query<Row extends object = Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** Ends the server (or drops the database on a server that is not ours) and removes its files. */
  stop(): Promise<void>;
  /** Shuts the server down, which cuts open connections, and starts it again on the same port and files. */
  restart(): Promise<void>;
  /** Starts it again on the same port and files after it has ended. */
  launch(): Promise<void>;
  /** Ends the server at once, as a crash does. */
  crash(): Promise<void>;
  /** Sends a signal to the server and waits for its end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Stops every process of the server where it stands: connections stay open and nothing answers. */
  freeze(): Promise<void>;
  /** Lets a frozen server go on. */
  thaw(): Promise<void>;
}
