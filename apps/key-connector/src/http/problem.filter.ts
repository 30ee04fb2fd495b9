import { KeyConnectorError, parseUserId } from '@key-connector/common';
import { AuditLog } from '@key-connector/observability';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MethodNotAllowed, methodNotAllowed } from './method-not-allowed.js';
import { type Problem, problemOf, retryAfterOf } from './problem.js';

/** RFC 6750, section 3: what each refusal of a token says in `WWW-Authenticate`. */
const challengeOf: Partial<Record<Problem['code'], string>> = {
  TOKEN_MISSING: 'Bearer',
  TOKEN_INVALID: 'Bearer error="invalid_token"',
  SCOPE_INSUFFICIENT: 'Bearer error="insufficient_scope"',
};

/** What the rooms that refuse it record themselves, with more to say. */
const recordedElsewhere: ReadonlySet<Problem['code']> = new Set([
  'TOKEN_MISSING',
  'TOKEN_INVALID',
  'SCOPE_INSUFFICIENT',
  'USER_KEY_ALREADY_STORED',
  'USER_KEY_INVALID',
]);

/** Answers everything that was thrown with a problem document, and records every refusal. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly audit: AuditLog,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest & { user?: { id?: unknown } }>();
    const reply = http.getResponse<FastifyReply>();
    // The client went away in the middle of its body, or was too slow and has its answer.
    if (request.raw.destroyed && !request.raw.complete) {
      reply.raw.destroy();
      return;
    }
    const error = this.refine(thrown, request);
    const problem = problemOf(error, request.id);
    this.record(error, problem, request);

    reply.status(problem.status).type('application/problem+json').header('cache-control', 'no-store');
    const challenge = challengeOf[problem.code];
    if (challenge !== undefined) reply.header('www-authenticate', challenge);
    const retryAfter = retryAfterOf(error, problem.status);
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
    if (error instanceof MethodNotAllowed) reply.header('allow', error.allowed.join(', '));
    // Bytes, because Fastify adds a charset to text and this media type has none (RFC 9457, section 6.1).
    reply.send(Buffer.from(JSON.stringify(problem)));
  }

  private refine(thrown: unknown, request: FastifyRequest): unknown {
    if (!(thrown instanceof HttpException) || thrown.getStatus() !== 404) return thrown;
    const server = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    return methodNotAllowed(server, request) ?? thrown;
  }

  private record(error: unknown, problem: Problem, request: { id: string; user?: { id?: unknown } }): void {
    const userId = parseUserId(request.user?.id);
    const who = { requestId: request.id, ...(userId === undefined ? {} : { userId }) };
    if (recordedElsewhere.has(problem.code)) return;
    if (problem.status < 500) {
      this.audit.record({ event: 'request', outcome: 'refused', reason: problem.code, ...who });
    } else if (error instanceof KeyConnectorError) {
      this.logger.warn({ msg: error.message, code: problem.code, ...who });
    } else {
      const { name, message, stack } =
        error instanceof Error ? error : new Error('something that is no Error was thrown');
      this.logger.error({ msg: message, code: problem.code, error: name, stack, ...who });
    }
  }
}
