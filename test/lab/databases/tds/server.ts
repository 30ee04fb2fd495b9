import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { kind, MessageReader, packetsOf, type Message } from './packets.js';
import {
  readBatch,
  readCall,
  readLogin,
  readTransaction,
  transactionOf,
  type Login,
  type Statement,
} from './requests.js';
import { SqlError, token, type SqlResult } from './tokens.js';
import { tlsInsideTds, type ServerIdentity } from './tls.js';

/** Runs one connection's statements. */
export interface SqlSession {
  execute(statement: Statement): Promise<readonly SqlResult[]>;
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Ends the statement that runs, with an error. */
  cancel(): void;
  close(): void;
}

/** What stands behind the protocol. */
export type SqlEngine = (login: Login) => Promise<SqlSession>;

/** How a double behaves beside its engine. */
export interface TdsOptions {
  /** Answer to a client that wants to encrypt; `strict` is TDS 8.0. */
  readonly encryption?: 'none' | 'offered' | 'required' | 'strict';
  readonly identity?: ServerIdentity;
  /** Logins that are refused. */
  readonly refuse?: (login: Login) => SqlError | undefined;
  /** Where tokens come from, for logins without a password. */
  readonly tokenFrom?: {
    readonly stsUrl: string;
    readonly spn: string;
    /** Whether a token is good; all are, unless told otherwise. */
    readonly takes?: (token: string) => boolean;
  };
}

/** Before a statement of a script: it is for an open transaction only. */
const inTransactionOnly = /^IF @@TRANCOUNT > 0\s/;

const withoutComments = (text: string): string => text.replaceAll(/--.*$/gm, '').trim();

/** What a batch of a script wants of the session's transaction. */
function requestIn(text: string): 'begin' | 'commit' | undefined {
  const bare = withoutComments(text).replace(inTransactionOnly, '');
  if (/^(?:SET \w+ ON;\s*)*BEGIN TRANSACTION;$/.test(bare)) return 'begin';
  return bare === 'COMMIT;' ? 'commit' : undefined;
}

const encryptions = { none: 2, offered: 1, required: 3, strict: 2 };

/**
 * A double of SQL Server's protocol, not of its SQL: logins, TLS, statements, transactions and cancellation go over the
 * wire as MS-TDS describes, so that the driver under test is the real one.
 */
export class TdsServer {
  readonly logins: Login[] = [];
  readonly tokens: string[] = [];
  readonly statements: Statement[] = [];
  /** What the driver says first in each session, by itself. */
  readonly openings: string[] = [];
  /** How many clients cancelled a statement. */
  attentions = 0;
  /**
   * Asked before each statement, and `begin`, `commit` or `rollback`: an error to answer, `cut` to close the
   * connection, `stall` to answer never.
   */
  fault: (statement: Statement) => SqlError | 'cut' | 'stall' | undefined = () => undefined;

  /** What is run in place of a statement: a session that is not what it was told to be. */
  alter: (text: string) => string = (text) => text;

  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(
    private readonly engine: SqlEngine,
    private readonly options: TdsOptions = {},
  ) {
    const accept = (socket: Socket): void => {
      this.sockets.add(socket.on('error', () => undefined));
      socket.on('close', () => this.sockets.delete(socket));
      new TdsConnection(this, this.options, this.engine, socket);
    };
    this.server =
      options.encryption === 'strict'
        ? createTlsServer({ ...options.identity, ALPNProtocols: ['tds/8.0'] }, accept)
        : createServer(accept);
    this.server.on('tlsClientError', () => undefined);
  }

  async listen(): Promise<number> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts every connection, as a server that goes down. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  get connections(): number {
    return this.sockets.size;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((closed) => this.server.close(closed));
  }
}

class TdsConnection {
  private readonly reader = new MessageReader();
  private stream: Duplex;
  private session: SqlSession | undefined;
  private login: Login | undefined;
  private transaction: Buffer | undefined;
  /** `XACT_ABORT`: the first error ends the transaction. */
  private abortsAtError = false;
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly server: TdsServer,
    private readonly options: TdsOptions,
    private readonly engine: SqlEngine,
    private readonly socket: Socket,
  ) {
    this.stream = socket;
    this.follow();
    socket.on('close', () => this.session?.close());
  }

  private follow(): void {
    this.stream.on('error', () => undefined).on('data', this.onData);
  }

  private readonly onData = (bytes: Buffer): void => {
    for (const message of this.reader.read(bytes)) {
      if (message.kind === kind.attention) this.attend();
      else this.queue = this.queue.then(() => this.answer(message)).catch(() => void this.socket.destroy());
    }
  };

  private attend(): void {
    this.server.attentions += 1;
    this.session?.cancel();
    this.queue = this.queue.then(() => {
      this.send(token.attention());
    });
  }

  private async answer({ kind: messageKind, payload }: Message): Promise<void> {
    switch (messageKind) {
      case kind.prelogin:
        this.prelogin();
        return;
      case kind.login:
        return this.onLogin(readLogin(payload));
      case kind.fedAuthToken: {
        const length = payload.readUInt32LE(4);
        return this.onToken(payload.subarray(8, 8 + length).toString('utf16le'));
      }
      case kind.batch:
        this.checkTransaction(payload);
        return this.run(readBatch(payload));
      case kind.rpc:
        this.checkTransaction(payload);
        return this.run(readCall(payload));
      case kind.transaction:
        this.checkTransaction(payload);
        return this.transact(readTransaction(payload));
      default:
        throw new RangeError(`message ${messageKind} is not known`);
    }
  }

  private prelogin(): void {
    const { encryption = 'none', identity } = this.options;
    const options = Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff]);
    this.send(Buffer.concat([options, Buffer.from([16, 0, 0, 0, 0, 0, encryptions[encryption]])]));
    if (encryption !== 'offered' && encryption !== 'required') return;
    if (identity === undefined) throw new Error('TLS needs an identity');
    this.stream.off('data', this.onData);
    this.stream = tlsInsideTds(this.socket, identity);
    this.follow();
  }

  private async onLogin(login: Login): Promise<void> {
    this.login = login;
    this.server.logins.push(login);
    const refusal = this.options.refuse?.(login);
    if (refusal) {
      this.turnAway(refusal);
      return;
    }
    const from = this.options.tokenFrom;
    if (login.withToken && from) this.send(Buffer.concat([token.fedAuthInfo(from.stsUrl, from.spn)]));
    else await this.admit();
  }

  private async onToken(text: string): Promise<void> {
    this.server.tokens.push(text);
    if (this.options.tokenFrom?.takes?.(text) === false) {
      this.turnAway(new SqlError(18_456, "Login failed for user '<token-identified principal>'."));
    } else {
      await this.admit();
    }
  }

  private turnAway(refusal: SqlError): void {
    this.send(Buffer.concat([token.error(refusal), token.done(true)]));
    this.stream.end();
  }

  private async admit(): Promise<void> {
    if (this.login === undefined) throw new Error('no login yet');
    try {
      this.session = await this.engine(this.login);
    } catch (error) {
      this.turnAway(error instanceof SqlError ? error : new SqlError(18_456, String(error)));
      return;
    }
    if (this.socket.destroyed) this.session.close();
    this.send(token.admitted(this.login.database, this.login.features));
  }

  /** SQL Server takes no request that names another transaction than the one that is open. */
  private checkTransaction(payload: Buffer): void {
    const open = this.transaction ?? Buffer.alloc(8);
    if (!transactionOf(payload).equals(open)) throw new RangeError('the request names another transaction');
  }

  private async run(statement: Statement): Promise<void> {
    // What tedious sends at first sets options of the session that an engine need not know.
    if (statement.text.startsWith('set ansi_nulls on')) {
      this.server.openings.push(statement.text);
      this.send(token.done());
      return;
    }
    this.server.statements.push(statement);
    if (inTransactionOnly.test(withoutComments(statement.text)) && this.transaction === undefined) {
      this.send(token.done());
      return;
    }
    const request = requestIn(statement.text);
    if (request === 'begin') this.abortsAtError = statement.text.includes('SET XACT_ABORT ON');
    if (request !== undefined) return this.transact(request);
    const fault = this.server.fault(statement);
    if (fault === 'cut') {
      this.socket.destroy();
      return;
    }
    if (fault === 'stall') return new Promise(() => undefined);
    try {
      if (fault) throw fault;
      const results = (await this.session?.execute({ ...statement, text: this.server.alter(statement.text) })) ?? [];
      const { called = false } = statement;
      const parts = results.map((result, index) => token.result(result, called, index === results.length - 1));
      if (called) parts.push(token.returned());
      else if (parts.length === 0) parts.push(token.done());
      this.send(Buffer.concat(parts));
    } catch (error) {
      this.fail(await this.aborted(error), statement.called);
    }
  }

  private async transact(request: 'begin' | 'commit' | 'rollback'): Promise<void> {
    const descriptor = this.transaction ?? Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]);
    const fault = this.server.fault({ text: request, parameters: [] });
    try {
      if (fault instanceof SqlError) throw fault;
      await this.session?.[request]();
      this.transaction = request === 'begin' ? descriptor : undefined;
      const change = { begin: token.begun, commit: token.committed, rollback: token.rolledBack }[request];
      this.send(Buffer.concat([change(descriptor), token.done()]));
    } catch (error) {
      this.fail(error);
    }
  }

  private async aborted(error: unknown): Promise<unknown> {
    if (!(error instanceof SqlError) || !this.abortsAtError || this.transaction === undefined) return error;
    if (!error.rolledBack) await this.session?.rollback();
    return new SqlError(error.number, error.message, true);
  }

  private fail(error: unknown, called = false): void {
    const known = error instanceof SqlError ? error : new SqlError(50_000, String(error));
    const change = known.rolledBack && this.transaction ? [token.rolledBack(this.transaction)] : [];
    if (known.rolledBack) this.transaction = undefined;
    this.send(Buffer.concat([token.error(known), ...change, called ? token.returned(true) : token.done(true)]));
  }

  private send(payload: Buffer): void {
    if (!this.stream.destroyed) this.stream.write(packetsOf(kind.result, payload));
  }
}
