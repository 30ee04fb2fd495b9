import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { KeyConnectorError } from '@key-connector/common';
import { AuditLog } from '@key-connector/observability';
import { headersOf, type Problem, problemOf } from './problem.js';

const audit = new AuditLog();

/** A problem document, and its audit line, for what is refused before it is one of Fastify's requests. */
export function recordedProblem(error: KeyConnectorError, requestId: string = randomUUID()): Problem {
  const problem = problemOf(error, requestId);
  audit.record({ event: 'request', outcome: 'refused', reason: problem.code, requestId });
  return problem;
}

/** Answers a request in its turn, and closes the connection behind it. */
export function refuseRequest(response: ServerResponse, error: KeyConnectorError): void {
  const problem = recordedProblem(error);
  response.writeHead(problem.status, { ...headersOf(error), connection: 'close' }).end(JSON.stringify(problem));
}

/** Answers bytes that never became a request, and closes the connection. */
export function refuseConnection(socket: Duplex, error: KeyConnectorError): void {
  const problem = recordedProblem(error);
  const body = JSON.stringify(problem);
  const headers = { ...headersOf(error), 'content-length': Buffer.byteLength(body), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
}
