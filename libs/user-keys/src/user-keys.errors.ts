import { KeyConnectorError, type UserId } from '@key-connector/common';

/** The member has no key here. */
export class UserKeyNotFound extends KeyConnectorError {
  readonly code = 'USER_KEY_NOT_FOUND';

  constructor() {
    super('No key is stored for this user.');
  }
}

/** POST never overwrites; PUT is the way to replace a key. */
export class UserKeyAlreadyStored extends KeyConnectorError {
  readonly code = 'USER_KEY_ALREADY_STORED';

  constructor() {
    super('A key is already stored for this user, and it was not changed.');
  }
}

/** A PUT of another key, where one was stored a short time ago: most likely the second device of a new member. */
export class UserKeyStoredRecently extends KeyConnectorError {
  readonly code = 'USER_KEY_STORED_RECENTLY';

  constructor() {
    super('Another key was stored for this user a short time ago, and it was not changed. Sign in again to read it.');
  }
}

/** The body does not hold one 32-byte key; the message says which rule it breaks. */
export class UserKeyInvalid extends KeyConnectorError {
  readonly code = 'USER_KEY_INVALID';
}

/** The body is no JSON that has one meaning. */
export class BodyMalformed extends KeyConnectorError {
  readonly code = 'BODY_MALFORMED';

  constructor() {
    super('The body is not JSON, or holds a member twice.');
  }
}

/** An operator named a member of whom nothing is kept. */
export class MemberUnknown extends KeyConnectorError {
  readonly code = 'MEMBER_UNKNOWN';

  constructor(id: UserId) {
    super(`No key is kept of the member ${id}. Nothing was changed.`);
  }
}

/** A key of the history is not put back. */
export class ReplacedKeyRefused extends KeyConnectorError {
  readonly code = 'REPLACED_KEY_REFUSED';

  constructor(id: UserId, entry: number, why: string) {
    super(`The replaced key ${entry} of the member ${id} was not put back: ${why}. Nothing was changed.`);
  }
}
