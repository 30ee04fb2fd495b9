import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestMalformed } from './unroutable.js';

/** An HTTP/1.1 request names its host (RFC 9112, section 3.2). */
export function requireHost(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const { httpVersion, headers } = request.raw;
  done(headers.host === undefined && httpVersion === '1.1' ? new RequestMalformed() : undefined);
}
