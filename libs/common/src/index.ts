export { messageOf } from './message-of.js';
export { timerMilliseconds } from './timer.js';
export { answerOf, type ErrorCode } from './error-codes.js';
export { KeyConnectorError, UnavailableError } from './key-connector.error.js';
export { fetchFailure } from './http/fetch-failure.js';
export { readText } from './http/read-text.js';
export {
  type FileProblem,
  FileUnreadable,
  fileUnreadable,
  readSmallFile,
  readSmallText,
  type SmallFileLimits,
} from './small-file.js';
export { Secret } from './secret.js';
export { choice, flag, integer, list, secret, secretText, secureUri, serverUri, text, uri } from './settings-fields.js';
export { Uri } from './uri.js';
export { parseUserId, userIdBytes, type UserId } from './user-id.js';
export { reasonOf, TlsFileUnreadable } from './tls/tls-file-unreadable.error.js';
export { trustExtraCas } from './tls/trust-extra-cas.js';
export { version } from './version.js';
