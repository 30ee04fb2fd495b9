import { KeyConnectorError, type UserId } from '@key-connector/common';

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

/** The request carries no bearer token: 401. */
export class TokenMissing extends KeyConnectorError {
  readonly code = 'TOKEN_MISSING';
  readonly reason = 'missing';

  constructor() {
    super('The request has no access token. Send it as "Authorization: Bearer <token>".');
  }
}

/** The token is not one that the issuer made for now: 401. `reason` says why, for metrics and the audit log. */
export class TokenInvalid extends KeyConnectorError {
  readonly code = 'TOKEN_INVALID';

  constructor(readonly reason: InvalidReason) {
    super(why[reason]);
  }
}

/** A good token of another issuer than the one that is expected: 401. Both are for the log, and not for the caller. */
export class IssuerDiffers extends TokenInvalid {
  constructor(
    readonly expected: string,
    readonly came: string,
  ) {
    super('issuer');
  }
}

/** The token is good but not for this service: 403. */
export class ScopeInsufficient extends KeyConnectorError {
  readonly code = 'SCOPE_INSUFFICIENT';

  constructor(
    readonly reason: 'amr' | 'scope',
    readonly userId: UserId,
  ) {
    super(
      reason === 'amr'
        ? 'The access token is not from single sign-on or an API key (claim "amr").'
        : 'The access token does not have the scope "api".',
    );
  }
}
