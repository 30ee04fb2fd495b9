import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import pg from 'pg';
import { resetSocket } from '../dialect/reset-socket.js';

/** What of node-postgres is called from what stands in its place. */
interface Driver {
  /** What it says to the server first; it has no option for more. */
  getStartupConf(): Record<string, string>;
  /** In one form for the many that it declares. */
  query(...statement: unknown[]): unknown;
}

type Answer<Row> = Promise<{ readonly rows: readonly Row[] }>;

/** How long a server may take to hang up after a goodbye. */
const goodbyeMilliseconds = 1000;

/** Of the error of a statement that was not answered in time, as node-postgres has it. */
export const unanswered = 'Query read timeout';

const driver = pg.Client.prototype as unknown as Driver;

/**
 * A connection whose socket can be reset, and which is given times in one form, whatever the server's own. It has one
 * timer for `query_timeout`: that of node-postgres, for each statement, holds what belongs to it until V8 collects its
 * old heap.
 */
export class PostgresqlClient extends pg.Client {
  private readonly socket: Socket;
  private readonly limit: number;
  private begun = 0;
  private deadline: NodeJS.Timeout | undefined;

  constructor({ query_timeout: limit = 0, ...config }: pg.ClientConfig) {
    const socket = new Socket();
    super({ ...config, stream: () => socket });
    this.socket = socket;
    this.limit = limit;
  }

  /** As node-postgres has it; one that is not answered within `query_timeout` is given up with its connection. */
  override query(...statement: unknown[]): never {
    if (this.limit > 0) {
      this.begun = performance.now();
      this.deadline ??= this.lookIn(this.limit);
    }
    // It gives what the form does that was called; one type for all of them is not to be had.
    return driver.query.apply(this, statement) as never;
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
    return { ...driver.getStartupConf.call(this), DateStyle: 'ISO' };
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

  private lookIn(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.deadline = undefined;
      if (!this.busy || this.socket.destroyed) return;
      const left = this.begun + this.limit - performance.now();
      if (left > 0) this.deadline = this.lookIn(left);
      else this.giveUp();
    }, milliseconds).unref();
  }

  private giveUp(): void {
    // As when a connection broke, to whoever waits. The socket's own event would reach TLS too, which tells it again.
    const { connection } = this as unknown as { readonly connection: EventEmitter };
    connection.emit('error', new Error(unanswered));
    this.reset();
  }

  /** The rows of one statement; a deadline, in milliseconds, takes the place of the connection's limit. */
  async ask<Row>(text: string, values: readonly unknown[], deadline: number | undefined): Promise<readonly Row[]> {
    if (deadline === undefined) return (await (this.query(text, [...values]) as Answer<Row>)).rows;
    // node-postgres watches it, and gives up the statement alone; the connection's limit begins behind that.
    this.begun = performance.now() + deadline;
    const query = { text, values: [...values], query_timeout: deadline };
    return (await (driver.query.call(this, query) as Answer<Row>)).rows;
  }

  /** Drops the connection at once, with what is not sent yet. */
  reset(): void {
    resetSocket(this.socket);
  }
}
