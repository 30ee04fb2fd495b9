import { connect, createServer, type Socket } from 'node:net';
import { close, listen } from './listen.ts';

/** A TCP proxy that changes what clients say: what stands between, and does not pass on what it was asked for. */
export interface AlteringProxy {
  readonly port: number;
  /** The bytes of a client as text of one byte a character; what it gives must be as long. */
  alter: (text: string) => string;
  /** Cuts every connection. */
  cut(): void;
  stop(): Promise<void>;
}

/** Starts one in front of a server on 127.0.0.1; it changes nothing until it is told to. */
export async function startAlteringProxy(upstreamPort: number): Promise<AlteringProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one.on('error', () => other.destroy()));
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (bytes) => upstream.write(Buffer.from(proxy.alter(bytes.toString('latin1')), 'latin1')));
    upstream.pipe(client);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy: AlteringProxy = {
    port: await listen(server),
    alter: (text) => text,
    cut,
    stop: async () => {
      cut();
      await close(server);
    },
  };
  return proxy;
}
