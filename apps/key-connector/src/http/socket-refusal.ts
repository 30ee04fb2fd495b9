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
  const { status, headers, body } = refusal(error);
  response.writeHead(status, headers).end(body);
}

/** Answers bytes that never became a request, and closes the connection. */
export function refuseConnection(socket: Duplex, error: KeyConnectorError): void {
  const { status, title, headers, body } = refusal(error);
  // Behind CONNECT Node has taken its own listener away, and the client may be gone: nobody else hears of it.
  socket.on('error', () => socket.destroy());
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
}

function refusal(error: KeyConnectorError): Pick<Problem, 'status' | 'title'> & { headers: Headers; body: string } {
  const problem = recordedProblem(error);
  const body = JSON.stringify(problem);
  const headers = { ...headersOf(error), 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  return { status: problem.status, title: problem.title, headers, body };
}

type Headers = Readonly<Record<string, string>>;
