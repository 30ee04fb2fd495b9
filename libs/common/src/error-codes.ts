/** What a caller is answered under a code. */
interface Answer {
  readonly status: number;
  /** What the caller is told where the error's own message is for operators only. */
  readonly detail?: string;
  /** `WWW-Authenticate` (RFC 6750, section 3). */
  readonly challenge?: string;
}

/** A failing dependency is always 503: clients log the member out on 401 and 403, and try POST after 404. */
const unavailable = {
  status: 503,
  detail: 'A service that this one depends on is not available. Try again shortly.',
} as const;

/** Everything that can go wrong, by its stable code. Clients and dashboards rely on the codes: add, never rename. */
const answers = {
  // the caller's token
  TOKEN_MISSING: { status: 401, challenge: 'Bearer' },
  TOKEN_INVALID: { status: 401, challenge: 'Bearer error="invalid_token"' },
  SCOPE_INSUFFICIENT: { status: 403, challenge: 'Bearer error="insufficient_scope"' },
  // the caller's request
  BODY_MALFORMED: { status: 400, detail: 'The body must be a JSON object such as {"key":"<base64>"}.' },
  BODY_TOO_LARGE: { status: 413, detail: 'The body is larger than this service takes.' },
  CONTENT_TYPE_UNSUPPORTED: {
    status: 415,
    detail: 'Send the body as application/json, without a content coding.',
  },
  EXPECTATION_FAILED: { status: 417 },
  HEADERS_TOO_LARGE: { status: 431, detail: 'The request headers are larger than this service takes.' },
  METHOD_NOT_ALLOWED: { status: 405 },
  REQUEST_MALFORMED: { status: 400 },
  REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time.' },
  REQUESTS_TOO_MANY: { status: 429 },
  ROUTE_NOT_FOUND: { status: 404, detail: 'There is nothing at this path.' },
  // the user's key
  USER_KEY_ALREADY_STORED: { status: 400 },
  USER_KEY_INVALID: { status: 400 },
  USER_KEY_NOT_FOUND: { status: 404 },
  USER_KEY_STORED_RECENTLY: { status: 400 },
  USER_KEY_UNREADABLE: {
    status: 500,
    detail: 'The stored key cannot be opened. An operator must look at it; nothing was changed.',
  },
  // a dependency that may come back
  AUDIT_UNAVAILABLE: unavailable,
  DATABASE_READ_ONLY: unavailable,
  DATABASE_UNAVAILABLE: unavailable,
  ISSUER_UNAVAILABLE: unavailable,
  KEY_PROVIDER_UNAVAILABLE: unavailable,
  NOT_READY: unavailable,
  OVERLOADED: { status: 503, detail: 'There are more requests than can be answered in time. Try again shortly.' },
  RING_UNUSABLE: unavailable,
  // what only an operator can mend: the service does not start
  DATABASE_SCHEMA_NEWER: unavailable,
  DATABASE_UNEXPECTED: unavailable,
  DATABASE_SESSION_WRONG: unavailable,
  DATABASE_UNSUPPORTED: unavailable,
  DATA_KEY_LOST: unavailable,
  DATA_KEY_UNREADABLE: unavailable,
  IMPORT_REFUSED: unavailable,
  KEY_PROVIDER_MISCONFIGURED: unavailable,
  LAYOUT_GUARD_DENIED: unavailable,
  MEMBER_UNKNOWN: unavailable,
  REPLACED_KEY_REFUSED: unavailable,
  RECOVERY_KEY_UNUSABLE: unavailable,
  RECOVERY_SHARES_REFUSED: unavailable,
  RING_CHANGE_REFUSED: unavailable,
  RING_CHANGED: unavailable,
  RING_REFUSED: unavailable,
  SETTINGS_INVALID: unavailable,
  // ours
  INTERNAL: { status: 500, detail: 'Something went wrong here. The log has more under this request id.' },
} as const satisfies Record<string, Answer>;

/** A stable code; one is added by its line in the table above. */
export type ErrorCode = keyof typeof answers;

/** The status, public detail and challenge of a code. */
export const answerOf = (code: ErrorCode): Answer => answers[code];
