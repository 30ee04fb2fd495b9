import { type ErrorCode, KeyConnectorError, UnavailableError } from '@key-connector/common';

/** The data keys are not loaded yet. */
export class NotReady extends UnavailableError {
  readonly code: ErrorCode = 'NOT_READY';

  constructor() {
    super('The data keys are not loaded yet.');
  }
}

/** A stored user key does not open. The cause stands in the log and the metrics, never in the answer. */
export class UserKeyUnreadable extends KeyConnectorError {
  readonly code: ErrorCode = 'USER_KEY_UNREADABLE';

  constructor() {
    super('The stored key cannot be opened.');
  }
}

/** There are user keys and no data key: a new one could open none of them, so none is made. */
export class DataKeyLost extends KeyConnectorError {
  readonly code: ErrorCode = 'DATA_KEY_LOST';
}

/** A data key is there and does not open, or opens no user key. */
export class DataKeyUnreadable extends KeyConnectorError {
  readonly code: ErrorCode = 'DATA_KEY_UNREADABLE';
}

/** `keyRing__valueLayout` does not fit what is in the database. */
export class ValueLayoutRefused extends KeyConnectorError {
  readonly code: ErrorCode = 'SETTINGS_INVALID';
}
