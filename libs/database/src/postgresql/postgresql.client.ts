import { Socket } from 'node:net';
import pg from 'pg';
import { resetSocket } from '../dialect/reset-socket.js';

/** What node-postgres says to the server first; it has no option for more. */
interface StartupMessage {
  getStartupConf(): Record<string, string>;
}

/** How long a server may take to hang up after a goodbye. */
const goodbyeMilliseconds = 1000;

const startup = pg.Client.prototype as unknown as StartupMessage;

/** A connection whose socket can be reset, and which is given times in one form, whatever the server's own. */
export class PostgresqlClient extends pg.Client {
  private readonly socket: Socket;

  constructor(config: pg.ClientConfig) {
    const socket = new Socket();
    super({ ...config, stream: () => socket });
    this.socket = socket;
  }

  /** Whether a statement is under way. */
  get busy(): boolean {
    // node-postgres has no public name for it.
    return (this as unknown as { readonly readyForQuery?: boolean }).readyForQuery === false;
  }

  /** The process that the server, or a pooler, named at the login; `null` when it named none. */
  get process(): number | null {
    // The types do not have it.
    return (this as unknown as { readonly processID: number | null }).processID;
  }

  /** As libpq does it with PGDATESTYLE, so poolers know the parameter. */
  getStartupConf(): Record<string, string> {
    return { ...startup.getStartupConf.call(this), DateStyle: 'ISO' };
  }

  /**
   * Says goodbye. A server that is frozen does not hang up by itself, and node-postgres would wait for it without end.
   */
  override end(): Promise<void>;
  override end(done: (error: Error) => void): void;
  override end(done?: (error: Error) => void): Promise<void> | undefined {
    const deadline = setTimeout(() => this.socket.destroy(), goodbyeMilliseconds).unref();
    this.socket.once('close', () => {
      clearTimeout(deadline);
    });
    if (done === undefined) return super.end();
    super.end(done);
    return undefined;
  }

  /** The rows of one statement with a deadline of its own, in milliseconds. */
  async ask<Row>(text: string, values: readonly unknown[], deadline: number | undefined): Promise<readonly Row[]> {
    // The types do not know that node-postgres takes a deadline here too.
    const query = { text, values: [...values], query_timeout: deadline };
    return (await this.query<Row & pg.QueryResultRow>(query)).rows;
  }

  /** Drops the connection at once, with what is not sent yet. */
  reset(): void {
    resetSocket(this.socket);
  }
}
