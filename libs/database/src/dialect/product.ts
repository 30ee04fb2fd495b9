import type { CloudIdentity, ConnectionFacts } from '../identity/cloud-identity.js';
import type { Dialect } from './dialect.js';

/** A word of `database.expect`. */
export type Expected = 'existing' | 'empty' | 'any';

/** What every product takes beside its connection. */
export interface Limits {
  /** JSON file of an existing deployment that is imported at start. */
  readonly importJsonFilePath: string | undefined;
  /** What has to be where the connection leads, before anything is made there. */
  readonly expect: Expected;
  /** Whether the start creates and updates the tables. */
  readonly migrate: boolean;
  /** Whether a read at one node of a cluster may miss what another one has acknowledged. */
  readonly allowStaleReads: boolean;
  /** Longest wait for a server at start, for each host. */
  readonly connectTimeoutSeconds: number;
  /** Longest wait for a connection of the pool. */
  readonly acquireTimeoutSeconds: number;
  /** Longest run of one statement. */
  readonly statementTimeoutSeconds: number;
}

/** Checked settings of a product; without an identity the connection string's password logs in. */
export interface ProductSettings<Connection> extends Limits {
  readonly connection: Connection;
  readonly identity: CloudIdentity | undefined;
}

/** A product, as far as it is known before its driver is loaded: its folder's `index.ts` exports one. */
export interface Product<Connection> {
  /** What people call it. */
  readonly name: string;
  /** The setting below `database` that holds its connection string. */
  readonly setting: string;
  /** How a URL begins that may stand in place of an ADO.NET connection string; `undefined` where none may. */
  readonly url: string | undefined;
  /** Reads the connection string. @throws ConnectionStringError listing every problem by key, and no value. */
  readonly parse: (text: string) => Connection;
  /**
   * What a login by a cloud's tokens has to know of a connection; a text where there is no such login, with what there
   * is.
   */
  readonly cloudLogin: string | ((connection: Connection) => ConnectionFacts);
  /** Loads the driver. No server is asked before `Dialect.prepare`. */
  readonly open: (settings: ProductSettings<Connection>) => Promise<Dialect>;
}
