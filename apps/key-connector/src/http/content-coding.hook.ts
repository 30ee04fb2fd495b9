import { type ErrorCode, KeyConnectorError } from '@key-connector/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A body in a content coding: never inflated, so that a small body cannot become a large one. */
class ContentCodingUnsupported extends KeyConnectorError {
  readonly code: ErrorCode = 'CONTENT_TYPE_UNSUPPORTED';

  constructor() {
    super('A body with a content coding is not taken.');
  }
}

/** Refuses encoded bodies (RFC 9110, section 8.4) before a byte of them is read. */
export function refuseContentCoding(
  request: FastifyRequest,
  _reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  const coding = request.headers['content-encoding'];
  done(coding === undefined || coding.toLowerCase() === 'identity' ? undefined : new ContentCodingUnsupported());
}
