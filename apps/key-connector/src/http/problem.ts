import { STATUS_CODES } from 'node:http';
import { answerOf, type ErrorCode, KeyConnectorError } from '@key-connector/common';
import { HttpException } from '@nestjs/common';

/** A problem document (RFC 9457) with this product's stable code. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly requestId: string;
}

/** What the framework itself refuses, by status. */
const codeOfStatus: Partial<Record<number, ErrorCode>> = {
  400: 'BODY_MALFORMED',
  404: 'ROUTE_NOT_FOUND',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  415: 'CONTENT_TYPE_UNSUPPORTED',
  431: 'HEADERS_TOO_LARGE',
  503: 'NOT_READY',
};

/** The code of anything that was thrown. */
export function codeOf(thrown: unknown): ErrorCode {
  if (thrown instanceof KeyConnectorError) return thrown.code;
  if (thrown instanceof HttpException) return codeOfStatus[thrown.getStatus()] ?? 'INTERNAL';
  return 'INTERNAL';
}

/** Turns anything that was thrown into what the caller gets; nothing of a server-side fault's own text goes out. */
export function problemOf(thrown: unknown, requestId: string): Problem {
  const code = codeOf(thrown);
  const { status, detail } = answerOf(code);
  return {
    type: `urn:key-connector:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: detail ?? (thrown instanceof Error ? thrown.message : 'The request was refused.'),
    code,
    requestId,
  };
}

/** The headers of the answer to anything that was thrown, but for its length. */
export function headersOf(thrown: unknown): Record<string, string> {
  const { status, challenge } = answerOf(codeOf(thrown));
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(challenge !== undefined && { 'www-authenticate': challenge }),
    ...(status === 503 && { 'retry-after': '1' }),
    ...(thrown instanceof KeyConnectorError && thrown.headers),
  };
}
