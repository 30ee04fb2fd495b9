import pg from 'pg';
import type { DataSource } from 'typeorm';
import { FirstFree } from '../dialect/first-free.js';
import { isRefusedForRoom, postgresqlFailureOf } from './failures.js';
import { poolOf } from './pool-options.js';
import { PostgresqlClient, unanswered } from './postgresql.client.js';
import type { Follower, Servers } from './servers.js';
import type { PostgresqlSessions } from './session.js';

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** Why an idle connection left the pool: it may be sound, but its server is not used, or not trusted, any more. */
export class ServerLeft extends Error {}

/**
 * The class of pools whose connections all go to the server in use; TypeORM makes a pool by its class. One that is open
 * is given to `Servers.follow`: one that does not open is never closed, and would be told, and looked for, without end.
 */
export function followingPool(
  servers: Servers,
  sessions: PostgresqlSessions,
): new (options: pg.PoolConfig) => pg.Pool & Follower {
  /** A pool's own options are fixed when it opens, a client's are not. */
  class Client extends PostgresqlClient {
    constructor(config: pg.ClientConfig = {}) {
      super(servers.optionsFor(config));
    }
  }

  return class FollowingPool extends pg.Pool implements Follower {
    private readonly idle = new Set<PostgresqlClient>();
    private readonly opened = new Set<pg.ClientBase>();
    private readonly free: FirstFree<pg.PoolClient>;

    constructor(options: pg.PoolConfig) {
      const deadline = options.connectionTimeoutMillis;
      // Behind a pooler, a connection may have to wait for its server only now.
      const onConnect = (client: pg.ClientBase): Promise<void> =>
        sessions.ask((text, values) => own(client).ask(text, values, deadline), options, own(client).process);
      // The types do not know that the pool waits for it.
      const ownWay: object = { ...options, Client, onConnect };
      super(ownWay);
      this.free = new FirstFree(
        {
          take: (handover) => {
            super.connect((error, client) => {
              handover(error, client);
            });
          },
          giveBack: (client) => {
            client.release();
          },
          open: () => this.opened.size,
          idle: () => this.idleCount,
          refusedForRoom: isRefusedForRoom,
        },
        options.max ?? 0,
        deadline ?? 0,
      );
      this.on('connect', (client) => this.opened.add(client));
      this.on('acquire', (client) => this.idle.delete(own(client)));
      this.on('remove', (client) => {
        this.idle.delete(own(client));
        this.opened.delete(client);
        this.free.freed();
      });
      // pg-pool says this before it takes the connection back, and keeps none that is ending.
      this.on('release', (error: Error | null | undefined, client) => {
        this.released(own(client), error);
        if (this.free.waited) {
          setImmediate(() => {
            this.free.freed();
          });
        }
      });
    }

    override connect(): Promise<pg.PoolClient>;
    override connect(done: Connected): void;
    override connect(done?: Connected): Promise<pg.PoolClient> | undefined {
      if (done === undefined) {
        return new Promise((resolve, reject) => {
          this.connect((error, client) => {
            if (client) resolve(client);
            else reject(error ?? new Error('no connection'));
          });
        });
      }
      this.free.take((error, client) => {
        done(error ?? undefined, client, (why) => client?.release(why as Error | undefined));
      });
      return undefined;
    }

    /** What is busy elsewhere goes when it is released. */
    serverChanged(): void {
      this.leave((client) => !servers.uses(client), 'another server is used now');
    }

    private released(client: PostgresqlClient, error: Error | null | undefined): void {
      // A query runner gives a connection back without an error, also with a statement on it that was never answered.
      const stuck = error ? error.message === unanswered : client.busy;
      if (stuck) client.reset();
      // What broke one connection may have broken the others: a second try must not meet another dead one.
      else if (error && postgresqlFailureOf(error) === 'connection-lost') this.leave(() => true, 'a connection broke');
      else if (error) return;
      else if (servers.uses(client)) this.idle.add(client);
      else void client.end();
    }

    /** Drops idle connections. */
    private leave(which: (client: PostgresqlClient) => boolean, why: string): void {
      // The pool's way to take an idle connection out at once.
      for (const client of this.idle) if (which(client)) client.emit('error', new ServerLeft(why));
    }
  };
}

/** Such a pool of a data source that was opened. */
export const followerOf = (source: DataSource): Follower => poolOf(source) as pg.Pool & Follower;

/** Every client of such a pool is of the class that the pool was given; pg-pool does not know it. */
const own = (client: pg.ClientBase): PostgresqlClient => client as PostgresqlClient;
