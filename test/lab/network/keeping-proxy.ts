import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { until } from '../processes/until.ts';
import { close, listen } from './listen.ts';

/** One client's connection and the one to the server that belongs to it. */
interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** What does not reach the server while the path is stalled; `undefined` where it is not. */
  held: Buffer[] | undefined;
  /** Whether the server has something to answer. */
  waiting: boolean;
}

/**
 * A TCP proxy that does to a server what a pooler does: a statement runs to its end when the client has gone, and a
 * cancellation gets lost. It can also stall the path of some statements, and heal it later.
 */
export class KeepingProxy {
  private readonly links = new Set<Link>();
  private readonly listener: Server;
  /** Connections on which such a text is sent go silent: neither that nor anything behind it reaches the server. */
  stallOn: RegExp | undefined;

  private constructor(
    upstream: { readonly host: string; readonly port: number },
    private readonly change: (text: string) => string,
  ) {
    this.listener = createServer((client) => {
      const server = createConnection(upstream);
      const link: Link = { client, server, held: undefined, waiting: false };
      this.links.add(link);
      client
        .on('error', () => undefined)
        .on('data', (bytes) => {
          this.fromClient(link, bytes);
        });
      server
        .on('error', () => undefined)
        .on('data', (bytes) => {
          link.waiting = false;
          if (client.destroyed) server.destroy();
          else client.write(bytes);
        })
        .on('close', () => {
          this.links.delete(link);
          client.destroy();
        });
    });
  }

  /**
   * Starts one on 127.0.0.1. `change` rewrites what clients send, to a text of the same length: a pooler keeps session
   * settings from the server.
   */
  static async start(
    upstream: { readonly host: string; readonly port: number },
    change: (text: string) => string = (text) => text,
  ): Promise<KeepingProxy & { readonly port: number }> {
    const proxy = new KeepingProxy(upstream, change);
    return Object.assign(proxy, { port: await listen(proxy.listener) });
  }

  /** Lets what was held go to the server. */
  heal(): void {
    for (const link of this.links) {
      const held = link.held ?? [];
      link.held = undefined;
      for (const bytes of held) this.send(link, bytes);
    }
  }

  /** Cuts the clients of what is stalled; what they sent can still be let go. */
  cutStalled(): void {
    for (const { client, held } of this.links) if (held !== undefined) client.destroy();
  }

  /** Waits until the server has answered all that reached it. */
  answered(): Promise<void> {
    return until(() => [...this.links].every(({ waiting }) => !waiting), 'the server has answered');
  }

  /** How many connections are stalled. */
  get stalled(): number {
    return [...this.links].filter(({ held }) => held !== undefined).length;
  }

  async stop(): Promise<void> {
    for (const { client, server } of this.links) {
      client.destroy();
      server.destroy();
    }
    await close(this.listener);
  }

  private fromClient(link: Link, bytes: Buffer): void {
    if (isCancellation(bytes)) return;
    if (link.held === undefined && this.stallOn?.test(bytes.toString('latin1').replaceAll('\0', ''))) link.held = [];
    if (link.held === undefined) this.send(link, bytes);
    else link.held.push(bytes);
  }

  private send(link: Link, bytes: Buffer): void {
    link.waiting = true;
    link.server.write(Buffer.from(this.change(bytes.toString('latin1')), 'latin1'));
  }
}

/** PostgreSQL's CancelRequest, SQL Server's attention. */
const isCancellation = (bytes: Buffer): boolean =>
  (bytes.length === 16 && bytes.readInt32BE(4) === 80_877_102) || (bytes.length === 8 && bytes[0] === 6);
