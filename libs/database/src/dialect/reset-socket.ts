import type { Socket } from 'node:net';

/**
 * Closes a connection at once, with what is not sent yet. An ordinary close leaves that to the kernel: a server that
 * was out of reach could do, much later, a statement that the caller was told has failed.
 */
export function resetSocket(socket: Socket): void {
  // One side has said goodbye: libuv does not reset a socket that is being shut down, and would leave it open. One that
  // is not connected yet has nothing to reset.
  if (socket.readableEnded || socket.writableEnded || socket.pending || !isTcp(socket)) socket.destroy();
  else socket.resetAndDestroy();
}

/** A Unix socket knows no reset, and needs none: what was not handed over yet goes with it. */
const isTcp = (socket: Socket): boolean => socket.remoteAddress !== undefined;
