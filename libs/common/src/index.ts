export { messageOf } from './message-of.js';
export { timerMilliseconds } from './timer.js';
export { answerOf, type ErrorCode } from './error-codes.js';
export { KeyConnectorError, UnavailableError } from './key-connector.errors.js';
export { fetchFailure, readText } from './fetch.js';
export {
  type FileProblem,
  FileUnreadable,
  fileUnreadable,
  readSmallFile,
  readSmallText,
  type SmallFileLimits,
} from './small-file.js';
export { isPipe, type MadeOfFiles, WatchedFiles, type WatchListener } from './watched-files.js';
export { isSameKey } from './same-key.js';
export { Secret } from './secret.js';
export { choice, flag, integer, list, secret, secureUri, serverUri, text, uri } from './settings-fields.js';
export { Uri } from './uri.js';
export { whyUnescaped } from './user-part.js';
export { parseUserId, userIdBytes, type UserId } from './user-id.js';
export { extraCaPath, readAuthoritiesAt, readCertificates, trustExtraCas } from './extra-cas.js';
export { withCaAdvice } from './ca-advice.js';
export { assertNameIsOurs, everyAddress, hostToListenOn, listenAddress, listenFailure } from './listening.js';
export { utf8Of } from './text-encoding.js';
export { TlsFileUnreadable } from './tls.errors.js';
export { checkedPair, type TlsFile } from './tls-pair.js';
export { version } from './version.js';
