import { KeyConnectorError, UnavailableError, type UserId } from '@key-connector/common';

const why = {
  repeated: 'The request has more than one Authorization header.',
  malformed: 'The access token is malformed.',
  algorithm: 'The access token is not signed with RS256.',
  critical: 'The access token asks for an extension that is not supported.',
  'unknown-key': 'The access token is signed with a key that the issuer does not publish.',
  signature: 'The signature of the access token is wrong.',
  expired: 'The access token has expired.',
  'not-yet-valid': 'The access token is not valid yet.',
  claims: 'A claim of the access token is missing or malformed.',
  issuer: 'The access token is from another issuer.',
  audience: 'The access token is for another audience.',
  type: 'The token is not of the accepted type.',
} as const;

/** Why a token is no good: a stable word for metrics and the audit log. */
export type InvalidReason = keyof typeof why;

/** The token is at fault, and not we. */
export abstract class TokenRefused extends KeyConnectorError {
  /** Why: a stable word for metrics and the audit log. */
  abstract readonly reason: string;
  /** Whose token it is, where it was good but for this. */
  readonly userId?: UserId;
}

/** The request carries no bearer token: 401. */
export class TokenMissing extends TokenRefused {
  readonly code = 'TOKEN_MISSING';
  readonly reason = 'missing';

  constructor() {
    super('The request has no access token. Send it as "Authorization: Bearer <token>".');
  }
}

/** The token is not one that the issuer made for now: 401. */
export class TokenInvalid extends TokenRefused {
  readonly code = 'TOKEN_INVALID';

  constructor(readonly reason: InvalidReason) {
    super(why[reason]);
  }
}

/** The token is good but not for this service: 403. */
export class ScopeInsufficient extends TokenRefused {
  readonly code = 'SCOPE_INSUFFICIENT';

  constructor(
    readonly reason: 'amr' | 'scope',
    override readonly userId: UserId,
  ) {
    super(
      reason === 'amr'
        ? 'The access token is not from single sign-on or an API key (claim "amr").'
        : 'The access token does not have the scope "api".',
    );
  }
}

/** Whether the token is good cannot be told without the issuer's keys: 503, never 401, which would log the member out. */
export class IssuerUnavailable extends UnavailableError {
  readonly code = 'ISSUER_UNAVAILABLE';

  constructor(options?: ErrorOptions) {
    super('The signing keys of the identity server are not available. Try again shortly.', options);
  }
}

/** The settings name no issuer: the service does not start. */
export class IssuerNotConfigured extends KeyConnectorError {
  readonly code = 'SETTINGS_INVALID';

  constructor() {
    super('No issuer of access tokens: set identityServerUri, or auth.issuer with auth.jwksUri or auth.publicKeyPath.');
  }
}
