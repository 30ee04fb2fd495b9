import type { DatabaseServer } from '../lab/databases/database.server.js';
import type { TestDatabases } from './test-database.js';

/** Databases on a server that a test may harm. */
export interface ServerDatabases extends TestDatabases {
  readonly server: DatabaseServer;
}

/** A session of the test's own that holds what it has taken until it ends. */
export interface Holder {
  run(sql: string): Promise<unknown>;
  /** Ends it: what it has not committed is undone, and every lock is free. */
  end(): Promise<void>;
}

/** The same on a server, which shows who waits for it. */
export interface ServerHolder extends Holder {
  /** SQL that gives a row for each session that waits for a row which this one has written. */
  readonly rowWaiters: string;
}

/** A kind of server, and in its own SQL what a test does to it. SQL runs in the database that it is about. */
export interface ServerKind {
  readonly name: string;
  /** Whether there is one here that may be harmed. */
  readonly here: boolean;
  readonly reason: string;
  readonly start: () => Promise<ServerDatabases>;
  /** The setting that holds the connection string, a URL. */
  readonly stringSetting: string;
  /** The parameter of a connection string that limits the pool. */
  readonly poolSize: string;
  /** Opens a session that holds what a statement takes. */
  hold(url: string, sql: string): Promise<ServerHolder>;
  /** Makes every read and write of members wait. */
  readonly lockMembers: string;
  /** Makes every write and change of members wait, not the reads. */
  readonly lockMembersForReads: string;
  /** Ends every connection but its own. */
  readonly endOthers: string;
  /** Gives the `id` of every connection but its own. */
  readonly others: string;
  /** Gives the `id` of every connection that waits for a lock. */
  readonly waiting: string;
  /** Gives the `id` of every connection that waits for a lock on a table. */
  readonly waitingForTable: string;
  end(id: number): string;
}

/** The place's connection string, changed. */
export function changed(
  { stringSetting }: ServerKind,
  settings: Readonly<Record<string, string>>,
  change: (url: URL) => void,
): Record<string, string> {
  const url = new URL(settings[stringSetting] ?? '');
  change(url);
  return { [stringSetting]: url.toString() };
}
