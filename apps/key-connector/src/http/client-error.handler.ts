import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorCode, KeyConnectorError } from '@key-connector/common';
import { Logger } from '@nestjs/common';
import { problemOf } from './problem.js';

class ConnectionRefused extends KeyConnectorError {
  constructor(readonly code: ErrorCode) {
    super('refused before it was a request');
  }
}

const codeOf: Partial<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

/** The client closed the connection in the middle of a request: nobody to answer, nothing to record. */
const goneAway: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE']);

const logger = new Logger('Audit');

/** Node's note of the answer that the connection is busy with; its own handler of these errors looks at it too. */
interface BusySocket {
  readonly _httpMessage?: { readonly req: IncomingMessage } | null;
}

/** Bytes that never became a request: answered with a problem document, and the connection is closed. */
export function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (goneAway.has(error.code ?? '') || socket.destroyed) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const problem = problemOf(new ConnectionRefused(codeOf[error.code ?? ''] ?? 'REQUEST_MALFORMED'), requestId);
  logger.log({ msg: 'request refused', event: 'request', outcome: 'refused', reason: problem.code, requestId });
  // A whole request on this connection is still being answered: what is sent now would be taken for its answer.
  if (!socket.writable || (socket as BusySocket)._httpMessage?.req.complete) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\n` +
      'Content-Type: application/problem+json\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n` +
      'Cache-Control: no-store\r\nConnection: close\r\n\r\n' +
      body,
    () => socket.destroy(),
  );
}
