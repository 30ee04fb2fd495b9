import { connect, type Socket } from 'node:net';
import type { Secret } from '@key-connector/common';
import { createPool, type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import type { DataSource } from 'typeorm';
import { isSocketPath } from '../connection-string/host.js';
import { resetSocket } from '../dialect/reset-socket.js';
import { FirstFree, waitedTooLong } from '../dialect/first-free.js';
import type { SessionFaults } from '../dialect/session.js';
import { isConnectionLost, isLeft, isRefusedForRoom } from './failures.js';
import { beginSession, type ClusterWait, staleRead } from './session.js';

/** How long a connection may stay idle in the pool, and how often that is looked at. */
const idleMilliseconds = 30_000;
const sweepMilliseconds = 5000;

const keepAliveMilliseconds = 10_000;

/** How long a server may take to hang up after a goodbye; mysql2 leaves that to the server. */
const goodbyeMilliseconds = 1000;

/** After the server's own limit: for a server that no longer answers at all. */
const graceMilliseconds = 500;

/** Where a pool's connections go, and how long a caller waits for what. */
export interface MysqlPoolOptions {
  /** A host, or the path of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** The name in the certificate, where it is not the host. */
  readonly tlsName: string;
  /** Longest wait for a connection, be it free or new; mysql2 would wait for ever. */
  readonly acquireMilliseconds: number;
  /**
   * Longest run of a statement; then its connection is dropped, where mysql2 would keep it with the statement on it.
   */
  readonly statementSeconds: number;
  /** Whether a member's read at one node of a cluster may miss what another one has acknowledged. */
  readonly staleReads: boolean;
  /** Hears what new sessions are not, of what they were told to be; without it, they are not asked. */
  readonly faults?: SessionFaults | undefined;
  readonly password?: Secret | undefined;
  /** A password that changes: asked for at each login, and sent as it is. For TLS connections only. */
  readonly token?: () => Promise<Secret>;
  /** The rest is mysql2's own. */
  readonly driver: Omit<PoolOptions, 'password' | 'authPlugins'>;
}

type Handover = (error: Error | null, connection?: PoolConnection) => void;
type Done = (error: Error | null, result?: unknown, fields?: unknown) => void;

/** Connections of mysql2, with a deadline for every wait; TypeORM takes them here too. */
export class MysqlPool {
  private readonly pool: Pool;
  private readonly sockets = new Set<Socket>();
  /** By the copy of the options that mysql2 makes for each connection: it hands out no sockets of its own. */
  private readonly socketOf = new WeakMap<object, Socket>();
  private readonly fresh = new WeakSet<PoolConnection>();
  /** Sessions at nodes of a cluster. */
  private readonly waits = new WeakMap<PoolConnection, ClusterWait>();
  private readonly idleSince = new Map<PoolConnection, number>();
  /** Connections whose sessions were told what to be, and which are there. */
  private readonly begun = new Set<PoolConnection>();
  private readonly free: FirstFree<PoolConnection>;
  private readonly sweeper: NodeJS.Timeout;

  /** Longest run of a statement on the server. */
  readonly statementSeconds: number;

  constructor(private readonly options: MysqlPoolOptions) {
    this.statementSeconds = options.statementSeconds;
    this.pool = createPool({
      ...options.driver,
      ...credentials(options),
      host: options.tlsName,
      port: options.port,
      // It is `dial` that goes there; told the path, mysql2 takes the way for one that nobody listens to.
      ...(isSocketPath(options.host) ? { socketPath: options.host } : {}),
      stream: ({ config }: { readonly config: object }) => this.dial(config),
      connectTimeout: options.acquireMilliseconds,
      gracefulEnd: true,
      trace: false,
    });
    this.free = new FirstFree(
      {
        take: (handover) => {
          this.take(handover);
        },
        giveBack: (connection) => {
          connection.release();
        },
        open: () => this.begun.size,
        idle: () => this.idleSince.size,
        refusedForRoom: isRefusedForRoom,
      },
      options.driver.connectionLimit ?? 0,
      options.acquireMilliseconds,
    );
    this.pool.on('connection', (connection: PoolConnection) => {
      this.fresh.add(connection);
      // The pool drops it; an error that nobody listens to would end the process.
      const gone = (): void => {
        this.idleSince.delete(connection);
        if (this.begun.delete(connection)) this.free.freed();
      };
      connection.on('error', gone);
      connection.on('end', gone);
      this.limit(connection);
    });
    this.pool.on('acquire', (connection) => this.idleSince.delete(connection));
    this.pool.on('release', (connection) => {
      this.idleSince.set(connection, performance.now());
      this.free.freed();
    });
    // mysql2 has a sweeper too, which keeps the process alive, and spares the last connection.
    this.sweeper = setInterval(() => {
      this.sweep();
    }, sweepMilliseconds).unref();
  }

  /** A connection that is the caller's until it is released; fails at the acquire deadline. */
  getConnection(handover: Handover): void {
    this.free.take((error, connection) => {
      handover(error ?? null, connection);
    });
  }

  /** Runs one statement on a connection of the pool. */
  run<Result>(sql: string, values: readonly unknown[] = []): Promise<Result> {
    return this.send(sql, values, (connection) => {
      connection.release();
    });
  }

  /** Runs a member's read, which need not wait for the cluster where settings say so; everything else does. */
  async runRead<Rows>(sql: string, values: readonly unknown[]): Promise<Rows> {
    let wait: ClusterWait | undefined;
    const text = (connection: PoolConnection): string => {
      wait = this.options.staleReads ? this.waits.get(connection) : undefined;
      return wait === undefined ? sql : staleRead(wait, sql);
    };
    const result = await this.send<unknown>(text, values, (connection) => {
      // What follows on it must not be stale.
      if (wait === undefined) connection.release();
      else this.drop(connection);
    });
    return (wait === undefined ? result : (result as unknown[])[2]) as Rows;
  }

  /** Runs a message of several statements that begins and ends a transaction; one that fails is rolled back. */
  runTransaction<Results>(sql: string, values: readonly unknown[]): Promise<Results> {
    return this.send(sql, values, (connection) => {
      connection.query('ROLLBACK AND NO CHAIN NO RELEASE', (error) => {
        if (error) this.drop(connection);
        else connection.release();
      });
    });
  }

  /** What failed gives its connection to `recover`, unless another connection is needed. */
  private send<Result>(
    sql: string | ((connection: PoolConnection) => string),
    values: readonly unknown[],
    recover: (connection: PoolConnection) => void,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.getConnection((error, connection) => {
        if (!connection) {
          reject(error ?? new Error('The pool gave no connection.'));
          return;
        }
        const text = typeof sql === 'string' ? sql : sql(connection);
        connection.query(text, [...values], (failure, result) => {
          if (failure) reject(failure);
          else resolve(result as Result);
          // One that is left was dropped by `limit`.
          if (!failure || isLeft(failure)) connection.release();
          else recover(connection);
          // What broke one connection may have broken the others: a second try must not meet another dead one.
          if (failure && isConnectionLost(failure)) this.sweep(Infinity);
        });
      });
    });
  }

  /** Says goodbye on every connection. mysql2 would wait for one that is being opened, or was dropped, without end. */
  end(done?: (error: Error | null) => void): void {
    clearInterval(this.sweeper);
    let ended = false;
    const finish = (error: Error | null): void => {
      if (ended) return;
      ended = true;
      clearTimeout(deadline);
      for (const socket of this.sockets) hangUpSoon(socket);
      done?.(error);
    };
    const deadline = setTimeout(finish, goodbyeMilliseconds, null);
    this.pool.end(finish);
  }

  /** Says goodbye on what has been idle since then or longer: a firewall may forget it without a word. */
  private sweep(latest = performance.now() - idleMilliseconds): void {
    for (const [connection, since] of this.idleSince) {
      if (since > latest) continue;
      this.idleSince.delete(connection);
      this.begun.delete(connection);
      connection.end();
      const socket = this.socketOf.get(connection.config);
      if (socket) hangUpSoon(socket);
    }
  }

  /** mysql2's own way, and a new session told what to be. */
  private take(settle: Handover): void {
    this.pool.getConnection((error, connection) => {
      if (error) settle(error);
      else if (this.fresh.delete(connection)) this.begin(connection, settle);
      else settle(null, connection);
    });
  }

  private begin(connection: PoolConnection, settle: Handover): void {
    beginSession(connection, this.options, (error, wait) => {
      if (wait) this.waits.set(connection, wait);
      if (error) this.drop(connection);
      if (error) settle(error);
      else {
        this.begun.add(connection);
        settle(null, connection);
      }
    });
  }

  /**
   * Gives every statement of a connection its deadline; TypeORM's go through here too. mysql2 has one, which leaves the
   * connection as it is, and a timer behind when the connection breaks. A server that could be left for a better one
   * keeps its connections: they are dropped, so that a new one goes where the name or the balancer leads now.
   */
  private limit(connection: PoolConnection): void {
    const send = connection.query.bind(connection) as (...args: unknown[]) => unknown;
    const milliseconds = this.statementSeconds * 1000 + graceMilliseconds;
    const limited = (...args: unknown[]): unknown => {
      const done = args.pop() as Done;
      const deadline = setTimeout(() => {
        this.drop(connection);
        done(waitedTooLong('an answer'));
      }, milliseconds);
      const answered: Done = (...answer) => {
        clearTimeout(deadline);
        if (isLeft(answer[0])) this.drop(connection);
        done(...answer);
      };
      return send(...args, answered);
    };
    connection.query = limited as typeof connection.query;
  }

  /** Drops a connection at once, with what is not sent yet. */
  private drop(connection: PoolConnection): void {
    // In this order: mysql2 begins an ordinary close, after which there is no reset.
    const socket = this.socketOf.get(connection.config);
    if (socket) resetSocket(socket);
    connection.destroy();
    if (this.begun.delete(connection)) this.free.freed();
  }

  private dial(config: object): Socket {
    const { host, port } = this.options;
    const socket = connect({
      ...(isSocketPath(host) ? { path: host } : { host, port }),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMilliseconds,
    });
    this.socketOf.set(config, socket);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  }
}

function credentials({ password, token }: MysqlPoolOptions): Pick<PoolOptions, 'password' | 'authPlugins'> {
  if (token === undefined) return password === undefined ? {} : { password: password.reveal() };
  return {
    authPlugins: { mysql_clear_password: () => async () => Buffer.from(`${(await token()).reveal()}\0`) },
  };
}

/** A server that does not answer keeps neither a socket open nor this process running. */
function hangUpSoon(socket: Socket): void {
  socket.unref();
  setTimeout(() => socket.destroy(), goodbyeMilliseconds).unref();
}

/** The pool of an opened data source: every wait in it has a deadline. */
export function poolOf(source: DataSource): MysqlPool {
  // TypeORM types the pool of its MySQL driver as any; the dialect gave it this one.
  return (source.driver as unknown as { readonly pool: MysqlPool }).pool;
}
