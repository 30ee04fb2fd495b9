import { connect, createServer } from 'node:net';
import { close, listen } from './listen.ts';

/** A TCP balancer that moves new connections alone, as most do: those that are open stay where they are. */
export interface Balancer {
  readonly port: number;
  /** Leads new connections to this port of 127.0.0.1 from now on. */
  moveTo(port: number): void;
  stop(): Promise<void>;
}

/** Starts one on 127.0.0.1 in this process. */
export async function startBalancer(first: number): Promise<Balancer> {
  let target = first;
  const open = new Set<() => void>();
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    const end = (): void => {
      open.delete(end);
      client.destroy();
      upstream.destroy();
    };
    open.add(end);
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    client.pipe(upstream).pipe(client);
  });
  const port = await listen(server);
  return {
    port,
    moveTo: (next) => {
      target = next;
    },
    stop: async () => {
      for (const end of open) end();
      await close(server);
    },
  };
}
