import pg from 'pg';
import { PostgresqlClient } from './postgresql.client.js';
import type { Servers } from './postgresql.servers.js';

/** Why an idle connection left the pool: nothing is wrong with it, but another server is used now. */
export class ServerLeft extends Error {}

/** The class of pools whose connections all go to the server in use; TypeORM makes a pool by its class. */
export function followingPool(servers: Servers): new (options: pg.PoolConfig) => pg.Pool {
  /** A pool's own options are fixed when it opens, a client's are not. */
  class Client extends PostgresqlClient {
    constructor(config: pg.ClientConfig = {}) {
      super(servers.optionsFor(config));
    }
  }

  return class FollowingPool extends pg.Pool {
    private readonly idle = new Set<PostgresqlClient>();

    constructor(options: pg.PoolConfig) {
      super({ ...options, Client });
      this.on('acquire', (client) => this.idle.delete(own(client)));
      this.on('remove', (client) => this.idle.delete(own(client)));
      // pg-pool says this before it takes the connection back, and keeps none that is ending.
      this.on('release', (error: Error | null | undefined, client) => {
        this.released(own(client), error);
      });
      servers.follow(this, () => {
        this.leave();
      });
    }

    private released(client: PostgresqlClient, error: Error | null | undefined): void {
      // A query runner gives a connection back without an error, also with a statement on it that was never answered.
      const stuck = error ? error.message === 'Query read timeout' : client.busy;
      if (stuck) client.reset();
      else if (error) return;
      else if (servers.uses(client)) this.idle.add(client);
      else void client.end();
    }

    /** Drops what is idle on another server now; what is busy there goes when it is released. */
    private leave(): void {
      for (const client of this.idle) {
        // The pool's way to take an idle connection out at once.
        if (!servers.uses(client)) client.emit('error', new ServerLeft('another server is used now'));
      }
    }
  };
}

/** Every client of such a pool is of the class that the pool was given; pg-pool does not know it. */
const own = (client: pg.ClientBase): PostgresqlClient => client as PostgresqlClient;
