import { createServer } from 'node:http';
import { connect, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsCertificate } from '../files/certificate.ts';
import { close, listen } from './listen.ts';

/**
 * A company's proxy: it makes tunnels (CONNECT, RFC 9110, section 9.3.6) to the names that it was told of, all of which
 * end on this machine, and remembers what it was asked for.
 */
export class ConnectProxy {
  /** Names and ports that tunnels were asked for. */
  readonly asked: string[] = [];
  /** Whether new tunnels come to be: false is a company that lost its way to the network. */
  connected = true;
  private readonly routes = new Map<string, number>();
  private readonly fronts: Server[] = [];
  private readonly sockets = new Set<Duplex>();
  // What comes without a tunnel would go over the network in the clear.
  private readonly server = createServer((_, response) => response.writeHead(403).end());
  private port = 0;

  static async start(): Promise<ConnectProxy> {
    const proxy = new ConnectProxy();
    proxy.server.on('connect', ({ url = '' }, client) => {
      proxy.asked.push(url);
      const port = proxy.connected ? proxy.routes.get(url) : undefined;
      if (port === undefined) client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      else proxy.join(client, port, () => client.write('HTTP/1.1 200 Connection Established\r\n\r\n'));
    });
    proxy.port = await listen(proxy.server);
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Tunnels to `host` end at a port that speaks TLS. */
  route(host: string, port: number): void {
    this.routes.set(`${host}:443`, port);
  }

  /** Tunnels to `host` end at a port that does not speak TLS: this certificate stands before it. */
  async routeToPlain(host: string, port: number, { certificatePem, keyPem }: TlsCertificate): Promise<void> {
    const front = createTlsServer({ cert: certificatePem, key: keyPem }, (client) => {
      this.join(client, port);
    });
    this.fronts.push(front);
    this.route(host, await listen(front));
  }

  /** Cuts the company off: open tunnels break, and no new one comes to be until `connected` is true again. */
  disconnect(): void {
    this.connected = false;
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.disconnect();
    await Promise.all([this.server, ...this.fronts].map(close));
  }

  private join(client: Duplex, port: number, connected: () => void = () => undefined): void {
    const server = connect(port, '127.0.0.1', connected);
    server.pipe(client).pipe(server);
    this.sockets.add(client);
    const end = (): void => {
      server.destroy();
      client.destroy();
      this.sockets.delete(client);
    };
    for (const socket of [server, client]) socket.on('error', end).on('close', end);
  }
}
