import { once } from 'node:events';
import { Socket, type TcpNetConnectOpts } from 'node:net';

/**
 * A socket that is reset whenever it is closed. An ordinary close leaves it to the kernel to deliver what is not sent
 * yet: a server that was out of reach could do, much later, a statement that the caller was told has failed.
 */
class ResettingSocket extends Socket {
  private resetting = false;

  override destroy(error?: Error): this {
    // A connection that broke has nothing to deliver. Nor has one whose server closed its side: libuv does not reset a
    // socket that is being shut down, and would leave it open. resetAndDestroy comes back here.
    const over = error !== undefined || this.readableEnded || this.writableEnded;
    if (this.resetting || this.destroyed || this.pending || over) return super.destroy(error);
    this.resetting = true;
    return this.resetAndDestroy();
  }
}

/** What tedious connects with: tries every address that the name has, as `MultiSubnetFailover=True` does. */
export async function connectResetting(
  options: Pick<TcpNetConnectOpts, 'host' | 'port' | 'localAddress'>,
  _lookup: unknown,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  const socket = new ResettingSocket();
  try {
    await once(socket.connect({ ...options, autoSelectFamily: true }), 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw error;
  }
}
