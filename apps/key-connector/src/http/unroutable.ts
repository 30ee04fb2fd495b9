import { KeyConnectorError } from '@key-connector/common';
import { Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from './problem.js';

/** The request's target is no path, or it is not HTTP/1.1 without a host. */
export class RequestMalformed extends KeyConnectorError {
  readonly code = 'REQUEST_MALFORMED';

  constructor() {
    super('The request is not valid HTTP.');
  }
}

const logger = new Logger('Audit');

/** Answers what Fastify's router refuses before any hook or filter sees it, such as a path that does not decode. */
export function answerUnroutable(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const requestId = request.id;
  const problem = problemOf(new RequestMalformed(), requestId);
  logger.log({ msg: 'request refused', event: 'request', outcome: 'refused', reason: problem.code, requestId });
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .header('cache-control', 'no-store')
    .send(Buffer.from(JSON.stringify(problem)));
}
