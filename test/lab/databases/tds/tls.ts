import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { kind, MessageReader, packetsOf } from './packets.js';

/** What a server proves itself with. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
}

const firstByteOfPrelogin = kind.prelogin;

/**
 * TLS inside TDS (MS-TDS 2.2.6.5): the handshake goes in PRELOGIN messages, one for each flight; what follows goes
 * bare.
 */
export function tlsInsideTds(socket: Socket, identity: ServerIdentity): TLSSocket {
  const reader = new MessageReader();
  let handshaking = true;
  let flight: Buffer[] = [];
  const wire = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _, written) => {
      if (!handshaking) {
        socket.write(bytes);
      } else {
        if (flight.length === 0) setTimeout(send, 2);
        flight.push(bytes);
      }
      written();
    },
    destroy: (_, closed) => {
      socket.destroy();
      closed(null);
    },
  });
  const send = (): void => {
    socket.write(packetsOf(kind.prelogin, Buffer.concat(flight)));
    flight = [];
  };
  socket.on('data', (bytes: Buffer) => {
    if (handshaking && bytes[0] === firstByteOfPrelogin) {
      for (const { payload } of reader.read(bytes)) wire.push(payload);
      return;
    }
    handshaking = false;
    wire.push(bytes);
  });
  const secure = new TLSSocket(wire, {
    isServer: true,
    secureContext: createSecureContext({ ...identity, maxVersion: 'TLSv1.2' }),
  });
  socket.on('close', () => {
    secure.destroy();
    wire.destroy();
  });
  return secure;
}
