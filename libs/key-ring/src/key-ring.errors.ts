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

/** A data key is there and does not open, or does not open the user keys. */
export class DataKeyUnreadable extends KeyConnectorError {
  readonly code: ErrorCode = 'DATA_KEY_UNREADABLE';
}

/** A classic deployment's wrapped data key does not open with the configured key-encryption key. */
export class ClassicKeyUnreadable extends DataKeyUnreadable {
  /** The configured key-encryption key, for people: `sha256:… (description)`. */
  readonly keyEncryptionKey: string;

  constructor({ id, description }: { readonly id: string; readonly description: string }) {
    super(
      `The data key in ApplicationDatas.SymmetricKey does not open with the configured key-encryption key ${id} ` +
        `(${description}). Either the value is damaged, or this database belongs to another RSA key: configure that ` +
        'one. Nothing was changed in the database.',
    );
    this.keyEncryptionKey = `${id} (${description})`;
  }
}

/** What the database says of its ring is not what settings say, or is not to be believed: only an operator can tell. */
export class RingRefused extends KeyConnectorError {
  readonly code: ErrorCode = 'RING_REFUSED';

  constructor(message: string) {
    super(`${message} Nothing was changed in the database.`);
  }
}

/**
 * Nothing may be written under the ring as this replica knows it; reads go on, but for what only a newer manifest
 * opens.
 */
export class RingUnusable extends UnavailableError {
  readonly code: ErrorCode = 'RING_UNUSABLE';
}

/** Another manifest came between statements that have to see the same one. */
export class ManifestMoved extends RingUnusable {
  constructor() {
    super('The manifest of the ring has just changed; trying again will do.');
  }
}

/** `keyRing__valueLayout` does not fit what is in the database. */
export class ValueLayoutRefused extends KeyConnectorError {
  readonly code: ErrorCode = 'SETTINGS_INVALID';
}
