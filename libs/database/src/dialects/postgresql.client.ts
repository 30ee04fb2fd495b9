import { Socket } from 'node:net';
import pg from 'pg';
import { resetSocket } from './reset-socket.js';

/** A connection whose socket can be reset. */
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

  /** Drops the connection at once, with what is not sent yet. */
  reset(): void {
    resetSocket(this.socket);
  }
}
