import type { DriverError } from './driver-error.js';

/** What an error of the driver means to a caller. */
export type Failure =
  /** The statement was rolled back by the database and can be sent again: deadlock victim, serialization. */
  | 'rolled-back'
  /**
   * Another process has the one lock of the whole database; nothing was done, and it can be sent again when that is
   * free.
   */
  | 'busy'
  /** Another session held a lock for longer than the statement may wait for one; nothing was changed. */
  | 'locked'
  /**
   * The connection broke, or leads to a server that has left its cluster: a statement that changes something may have
   * been done or not. The next connection may lead to another server.
   */
  | 'connection-lost'
  /** Reads go on, writes are refused: standby, full disk, read-only file. */
  | 'read-only'
  /** Anything else between us and the database: no connection, timeout, refused login, missing right. */
  | 'unavailable';

/** Codes of node:net and node:tls for a connection that was there and broke. */
const broken = /^(ECONNRESET|EPIPE|ECONNABORTED|ERR_(STREAM|SOCKET)_(DESTROYED|CLOSED\w*|WRITE_AFTER_END))$/;

/**
 * Codes of node:net, node:dns, node:tls and OpenSSL for one that cannot be had. ERR_ alone would cover mistakes of
 * ours.
 */
const refused = /^(E[A-Z]+|EAI_[A-Z]+|ERR_(SSL|TLS)_\w+|\w*(CERT|ISSUER|SIGNATURE)\w*|HOSTNAME_MISMATCH)$/;

/**
 * Told apart by the server's own product; what the network says is the same for all of them. `undefined`: not its
 * error.
 */
export function networkFailureOf({ code = '' }: Pick<DriverError, 'code'>): Failure | undefined {
  if (broken.test(code)) return 'connection-lost';
  return refused.test(code) && !code.startsWith('ERR_INVALID') ? 'unavailable' : undefined;
}
