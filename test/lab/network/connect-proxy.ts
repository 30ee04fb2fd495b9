import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsCertificate } from '../files/certificate.ts';

/**
 * A company's proxy: it makes tunnels (CONNECT, RFC 9110, section 9.3.6) to the names that it was told of, all of which
 * end on this machine, and remembers what it was asked for.
 */
export class ConnectProxy {
  /** Names and ports that tunnels were asked for. */
  readonly asked: string[] = [];
  private readonly routes = new Map<string, number>();
  private readonly fronts: Server[] = [];
  private readonly sockets = new Set<Duplex>();
  private readonly server: HttpServer;

  private constructor() {
    // What comes without a tunnel would go over the network in the clear.
    this.server = createServer((_, response) => response.writeHead(403).end());
    this.server.on('connect', ({ url = '' }, client) => {
      this.asked.push(url);
      const port = this.routes.get(url);
      if (port === undefined) client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      else this.join(client, port, () => client.write('HTTP/1.1 200 Connection Established\r\n\r\n'));
    });
  }

  static async start(): Promise<ConnectProxy> {
    const proxy = new ConnectProxy();
    await once(proxy.server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
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
    await once(front.listen(0, '127.0.0.1'), 'listening');
    this.route(host, (front.address() as AddressInfo).port);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(
      [this.server, ...this.fronts].map(async (server) => {
        const closed = once(server, 'close');
        server.close();
        await closed;
      }),
    );
  }

  private join(client: Duplex, port: number, connected: () => void = () => undefined): void {
    const server: Socket = connect(port, '127.0.0.1', connected);
    server.pipe(client).pipe(server);
    this.sockets.add(client);
    const end = (): void => {
      server.destroy();
      client.destroy();
      this.sockets.delete(client);
    };
    server.on('error', end).on('close', end);
    client.on('error', end).on('close', end);
  }
}
