import { randomUUID } from 'node:crypto';
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

const logger = new Logger('Audit');

/** Bytes that never became a request: answered with a problem document, and the connection is closed. */
export function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const requestId = randomUUID();
  const problem = problemOf(new ConnectionRefused(codeOf[error.code ?? ''] ?? 'REQUEST_MALFORMED'), requestId);
  logger.log({ msg: 'request refused', event: 'request', outcome: 'refused', reason: problem.code, requestId });
  if (!socket.writable) {
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
