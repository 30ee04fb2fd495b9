import { KeyConnectorError } from '@key-connector/common';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MethodNotAllowed } from './http.errors.js';
import { Outages } from './outages.js';
import { headersOf, type Problem, problemOf } from './problem.js';
import type { RecordedRequest } from './request-record.js';

/**
 * Answers everything that was thrown with a problem document, and tells operators of what is not the caller's doing.
 */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly outages: Outages,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<RecordedRequest>();
    const reply = http.getResponse<FastifyReply>();
    // The client went away in the middle of its body, or was too slow and has its answer.
    if (request.raw.destroyed && !request.raw.complete) {
      reply.raw.destroy();
      return;
    }
    const error = this.refine(thrown, request);
    const problem = problemOf(error, request.id);
    if (problem.status >= 500) this.tell(error, problem, request);
    request.failure = error;
    // Bytes, because Fastify adds a charset to text and this media type has none (RFC 9457, section 6.1).
    reply
      .status(problem.status)
      .headers(headersOf(error))
      .send(Buffer.from(JSON.stringify(problem)));
  }

  /** For a request that no route took: the error that says that another method would have been taken, if so. */
  private refine(thrown: unknown, request: FastifyRequest): unknown {
    if (!(thrown instanceof HttpException) || thrown.getStatus() !== 404) return thrown;
    const server = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    const [path = '/'] = request.url.split('?', 1);
    const url = path.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1');
    const allowed = server.supportedMethods.filter((method) => server.hasRoute({ method, url }));
    return allowed.length > 0 ? new MethodNotAllowed(request.method, allowed.sort()) : thrown;
  }

  private tell(error: unknown, problem: Problem, { id, user }: RecordedRequest): void {
    const who = { requestId: id, ...(user && { userId: user.id }) };
    if (!(error instanceof KeyConnectorError)) {
      const { name, message, stack } =
        error instanceof Error ? error : new Error('something that is no Error was thrown');
      this.logger.error({ msg: message, code: problem.code, error: name, stack, ...who });
    } else if (problem.status === 503) {
      this.outages.met(error, id);
    } else {
      this.logger.warn({ msg: error.message, code: problem.code, ...who });
    }
  }
}
