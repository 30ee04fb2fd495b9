import { connect, createServer, type Socket } from 'node:net';
import { close, listen } from '../network/listen.ts';

/** What is refused, and how (MySQL's "Server Error Message Reference"). */
export interface Refusal {
  readonly query: RegExp;
  readonly errno: number;
  readonly message: string;
}

/** A MySQL server that takes everything but some queries, as a cluster or a proxy does; the rest goes to a real one. */
export interface RefusingProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** COM_QUERY of MySQL's client/server protocol. */
const query = 0x03;

/** Starts one before a server on 127.0.0.1 that has no TLS. */
export async function startRefusingProxy(serverPort: number, refusal: Refusal): Promise<RefusingProxy> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    let waiting = Buffer.alloc(0);
    client.on('data', (bytes: Buffer) => {
      waiting = Buffer.concat([waiting, bytes]);
      for (let size = sizeOf(waiting); size <= waiting.length; size = sizeOf(waiting)) {
        const packet = waiting.subarray(0, size);
        waiting = waiting.subarray(size);
        const text = packet[4] === query ? packet.subarray(5).toString() : '';
        if (refusal.query.test(text)) client.write(errorPacket((packet[3] ?? 0) + 1, refusal));
        else upstream.write(packet);
      }
    });
    upstream.pipe(client);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  return {
    port: await listen(server),
    stop: async () => {
      for (const socket of open) socket.destroy();
      await close(server);
    },
  };
}

/** Bytes of the first packet, its header of four among them; more than there are while that is not whole. */
const sizeOf = (bytes: Buffer): number => (bytes.length < 4 ? Infinity : 4 + bytes.readUIntLE(0, 3));

/** ERR_Packet: 0xff, the number, the SQLSTATE, the message. */
function errorPacket(sequence: number, { errno, message }: Refusal): Buffer {
  const payload = Buffer.concat([Buffer.from([0xff, errno & 255, errno >> 8]), Buffer.from(`#HY000${message}`)]);
  return Buffer.concat([Buffer.from([payload.length & 255, payload.length >> 8, 0, sequence]), payload]);
}
