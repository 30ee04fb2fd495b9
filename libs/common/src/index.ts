export type { ErrorCode } from './error-codes.js';
export { KeyConnectorError, UnavailableError } from './key-connector.error.js';
export { fetchFailure } from './http/fetch-failure.js';
export { readText } from './http/read-text.js';
export { choice, flag, integer, list, secret, secureUri, text, uri } from './settings-fields.js';
export { parseUserId, userIdBytes, type UserId } from './user-id.js';
export { reasonOf, TlsFileUnreadable } from './tls/tls-file-unreadable.error.js';
export { trustExtraCas } from './tls/trust-extra-cas.js';
export { version } from './version.js';
