import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { yesToTls } from './postgresql-messages.js';

/** A server that answers so many messages and then says nothing more, nor hangs up: a backend that froze. */
export interface SilentServer {
  readonly port: number;
  /** How many connections it was given. */
  readonly connections: () => number;
  /** What clients sent, in the order in which it came. */
  readonly received: () => Buffer;
  /** Resolves when every client has said goodbye or hung up. */
  readonly left: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/**
 * Starts one on 127.0.0.1. `greeting` is sent to whoever connects; then each message of the client is answered by the
 * next of `answers`, and when there is none left, by silence. With an `identity` a client's first message, which asks
 * for TLS as PostgreSQL's do, is answered by TLS, inside which all else is said.
 */
export async function startSilentServer(
  answers: readonly Buffer[] = [],
  greeting?: Buffer,
  identity?: { readonly cert: string; readonly key: string },
): Promise<SilentServer> {
  const sockets: Socket[] = [];
  const goodbyes: Promise<unknown>[] = [];
  const received: Buffer[] = [];
  // Half open: this side stays as it is when the client says goodbye.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const left = [...answers];
    sockets.push(socket);
    const talk = (stream: Socket): void => {
      goodbyes.push(new Promise((resolve) => stream.once('end', resolve).once('close', resolve)));
      stream.on('error', () => undefined);
      stream.on('data', (bytes: Buffer) => {
        received.push(bytes);
        const answer = left.shift();
        if (answer) stream.write(answer);
      });
    };
    socket.on('error', () => undefined);
    if (identity === undefined) talk(socket);
    else {
      socket.once('data', () => {
        socket.write(yesToTls);
        talk(new TLSSocket(socket, { isServer: true, ...identity }));
      });
    }
    if (greeting) socket.write(greeting);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.length,
    received: () => Buffer.concat(received),
    left: () => Promise.all(goodbyes),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
