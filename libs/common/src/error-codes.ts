/** Stable codes of everything that can go wrong. Clients and dashboards rely on them: add, never rename. */
export type ErrorCode =
  // the caller's token
  | 'TOKEN_MISSING'
  | 'TOKEN_INVALID'
  | 'SCOPE_INSUFFICIENT'
  // the caller's request
  | 'BODY_MALFORMED'
  | 'BODY_TOO_LARGE'
  | 'CONTENT_TYPE_UNSUPPORTED'
  | 'HEADERS_TOO_LARGE'
  | 'METHOD_NOT_ALLOWED'
  | 'REQUEST_MALFORMED'
  | 'REQUEST_TIMEOUT'
  | 'ROUTE_NOT_FOUND'
  // the user's key
  | 'USER_KEY_ALREADY_STORED'
  | 'USER_KEY_INVALID'
  | 'USER_KEY_NOT_FOUND'
  | 'USER_KEY_UNREADABLE'
  // a dependency that may come back
  | 'DATABASE_READ_ONLY'
  | 'DATABASE_UNAVAILABLE'
  | 'ISSUER_UNAVAILABLE'
  | 'KEY_PROVIDER_UNAVAILABLE'
  | 'NOT_READY'
  // what only an operator can mend: the service does not start
  | 'DATABASE_SCHEMA_NEWER'
  | 'DATABASE_UNSUPPORTED'
  | 'DATA_KEY_LOST'
  | 'DATA_KEY_UNREADABLE'
  | 'IMPORT_REFUSED'
  | 'KEY_PROVIDER_MISCONFIGURED'
  | 'SETTINGS_INVALID'
  // ours
  | 'INTERNAL';
