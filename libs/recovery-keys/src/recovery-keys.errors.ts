import { type ErrorCode, KeyConnectorError } from '@key-connector/common';

/** A text that an operator gave is no recovery key, or one that is too weak. */
export class RecoveryKeyUnusable extends KeyConnectorError {
  readonly code: ErrorCode = 'RECOVERY_KEY_UNUSABLE';
}

/**
 * A share, or several together, are not what they should be. The message names the share and says nothing of its
 * content.
 */
export class RecoverySharesRefused extends KeyConnectorError {
  readonly code: ErrorCode = 'RECOVERY_SHARES_REFUSED';
}
