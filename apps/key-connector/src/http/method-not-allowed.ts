import { type ErrorCode, KeyConnectorError } from '@key-connector/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** The path is known, the method is not. */
export class MethodNotAllowed extends KeyConnectorError {
  readonly code: ErrorCode = 'METHOD_NOT_ALLOWED';

  constructor(
    method: string,
    /** Methods that the path takes, for the `Allow` header (RFC 9110, section 10.2.1). */
    readonly allowed: readonly string[],
  ) {
    super(`${method} is not allowed here; use ${allowed.join(', ')}.`);
  }
}

const candidates = ['GET', 'HEAD', 'POST', 'PUT'] as const;

/** For a request that no route took: the error that says that another method would have been taken, if so. */
export function methodNotAllowed(server: FastifyInstance, request: FastifyRequest): MethodNotAllowed | undefined {
  const [path = '/'] = request.url.split('?', 1);
  const url = path.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1');
  const allowed = candidates.filter((method) => server.hasRoute({ method, url }));
  return allowed.length > 0 ? new MethodNotAllowed(request.method, allowed) : undefined;
}
