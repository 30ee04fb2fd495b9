import { KeyConnectorError, UnavailableError } from '@key-connector/common';

/** Whether a token is good cannot be told without the issuer's keys: 503, never 401, which would log the member out. */
export class IssuerUnavailable extends UnavailableError {
  readonly code = 'ISSUER_UNAVAILABLE';

  constructor(
    override readonly retryAfterSeconds = 1,
    message = 'The signing keys of the identity server are not available. Try again shortly.',
  ) {
    super(message);
  }
}

/**
 * A token is signed with a key that is not here and may not be looked for yet, because the keys were just fetched for
 * another token. It may be a new key or a made-up one: 503, as {@link IssuerUnavailable}. `reason` is for metrics and
 * audit log.
 */
export class KeyNotFetchedYet extends IssuerUnavailable {
  readonly reason = 'key-not-fetched-yet';

  constructor(retryAfterSeconds: number) {
    super(
      retryAfterSeconds,
      'The access token is signed with a key that is not known here. The keys may be fetched again in a few seconds.',
    );
  }
}

/** The settings name no issuer: the service does not start. */
export class IssuerNotConfigured extends KeyConnectorError {
  readonly code = 'SETTINGS_INVALID';

  constructor() {
    super('No issuer of access tokens: set identityServerUri, or auth.issuer with auth.jwksUri or auth.publicKeyPath.');
  }
}

/** Why keys could not be loaded, for the operator's log; callers only learn that the issuer is unavailable. */
export class KeysUnusable extends Error {
  override readonly name = 'KeysUnusable';
}
