export type { ErrorCode } from './error-codes.js';
export { KeyConnectorError, UnavailableError } from './key-connector.error.js';
export { choice, flag, integer, list, secret, secureUri, text, uri } from './settings-fields.js';
export { parseUserId, userIdBytes, type UserId } from './user-id.js';
