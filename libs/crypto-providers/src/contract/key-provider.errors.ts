import { type ErrorCode, KeyConnectorError, UnavailableError } from '@key-connector/common';

/** The key provider does not answer (503 to a client); it is expected back, so boot tries again. */
export class KeyProviderUnavailable extends UnavailableError {
  readonly code: ErrorCode = 'KEY_PROVIDER_UNAVAILABLE';
}

/** The key-encryption key cannot be used as it is set up; only an operator can mend that. */
export class KeyProviderMisconfigured extends KeyConnectorError {
  readonly code: ErrorCode = 'KEY_PROVIDER_MISCONFIGURED';
}

/** A wrapped data key did not open. The cause is not told: damaged, foreign and malformed read the same. */
export class UnwrapFailed extends KeyConnectorError {
  readonly code: ErrorCode = 'DATA_KEY_UNREADABLE';

  constructor() {
    super('The wrapped data key does not open with this key-encryption key.');
  }
}
