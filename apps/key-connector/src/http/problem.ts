import { STATUS_CODES } from 'node:http';
import { type ErrorCode, KeyConnectorError, UnavailableError } from '@key-connector/common';
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

/** A failing dependency is always 503: clients log the member out on 401 and 403, and try POST after 404. */
const statusOf: Record<ErrorCode, number> = {
  TOKEN_MISSING: 401,
  TOKEN_INVALID: 401,
  SCOPE_INSUFFICIENT: 403,
  BODY_MALFORMED: 400,
  BODY_TOO_LARGE: 413,
  CONTENT_TYPE_UNSUPPORTED: 415,
  HEADERS_TOO_LARGE: 431,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_MALFORMED: 400,
  REQUEST_TIMEOUT: 408,
  ROUTE_NOT_FOUND: 404,
  USER_KEY_ALREADY_STORED: 400,
  USER_KEY_INVALID: 400,
  USER_KEY_NOT_FOUND: 404,
  USER_KEY_UNREADABLE: 500,
  DATABASE_READ_ONLY: 503,
  DATABASE_UNAVAILABLE: 503,
  ISSUER_UNAVAILABLE: 503,
  KEY_PROVIDER_UNAVAILABLE: 503,
  NOT_READY: 503,
  DATABASE_SCHEMA_NEWER: 503,
  DATABASE_UNSUPPORTED: 503,
  DATA_KEY_LOST: 503,
  IMPORT_REFUSED: 503,
  DATA_KEY_UNREADABLE: 503,
  KEY_PROVIDER_MISCONFIGURED: 503,
  SETTINGS_INVALID: 503,
  INTERNAL: 500,
};

/** What the framework itself refuses, by status. */
const codeOfStatus: Partial<Record<number, ErrorCode>> = {
  400: 'BODY_MALFORMED',
  404: 'ROUTE_NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  415: 'CONTENT_TYPE_UNSUPPORTED',
  431: 'HEADERS_TOO_LARGE',
  503: 'NOT_READY',
};

/** What callers are told where the real message is for operators only. */
const publicDetail: Partial<Record<ErrorCode, string>> = {
  BODY_MALFORMED: 'The body must be a JSON object such as {"key":"<base64>"}.',
  BODY_TOO_LARGE: 'The body is larger than this service takes.',
  CONTENT_TYPE_UNSUPPORTED: 'Send the body as application/json, without a content coding.',
  HEADERS_TOO_LARGE: 'The request headers are larger than this service takes.',
  REQUEST_MALFORMED: 'The request is not valid HTTP.',
  REQUEST_TIMEOUT: 'The request did not arrive in time.',
  ROUTE_NOT_FOUND: 'There is nothing at this path.',
  USER_KEY_UNREADABLE: 'The stored key cannot be opened. An operator must look at it; nothing was changed.',
  INTERNAL: 'Something went wrong here. The log has more under this request id.',
};

const UNAVAILABLE = 'A service that this one depends on is not available. Try again shortly.';

/** Turns anything that was thrown into what the caller gets; nothing of a server-side fault's own text goes out. */
export function problemOf(thrown: unknown, requestId: string): Problem {
  const code = codeOf(thrown);
  const status = statusOf[code];
  return {
    type: `urn:key-connector:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: detailOf(thrown, code, status),
    code,
    requestId,
  };
}

/** Seconds for `Retry-After`; `undefined` when trying again would not help. */
export function retryAfterOf(thrown: unknown, status: number): number | undefined {
  if (status !== 503) return undefined;
  return thrown instanceof UnavailableError ? thrown.retryAfterSeconds : 1;
}

function codeOf(thrown: unknown): ErrorCode {
  if (thrown instanceof KeyConnectorError) return thrown.code;
  if (thrown instanceof HttpException) return codeOfStatus[thrown.getStatus()] ?? 'INTERNAL';
  return 'INTERNAL';
}

function detailOf(thrown: unknown, code: ErrorCode, status: number): string {
  const fixed = publicDetail[code];
  if (fixed !== undefined) return fixed;
  if (status === 503) return UNAVAILABLE;
  return thrown instanceof Error ? thrown.message : 'The request was refused.';
}
