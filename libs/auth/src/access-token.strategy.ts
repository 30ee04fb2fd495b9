import type { KeyObject } from 'node:crypto';
import type { UserId } from '@key-connector/common';
import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { type SecretOrKeyProvider, Strategy } from 'passport-jwt';
import { AUTH_OPTIONS } from './auth.module-definition.js';
import type { AuthOptions } from './auth.settings.js';
import { SigningKeys } from './issuer/signing-keys.js';
import { OtherIssuers } from './other-issuers.js';
import { guardFramework } from './passport-framework.js';
import { assertOneAuthorizationHeader, bearerToken, type BearerRequest } from './token/bearer-token.js';
import { assertMayUseKeys, assertPlainClaims, readTokenClaims } from './token/token-claims.js';
import { isTokenType, TokenHeaders } from './token/token-header.js';
import { tokenParts } from './token/token-parts.js';
import { IssuerDiffers, TokenInvalid } from './token/token.errors.js';

/** The member whose token a request carries. */
export interface Member {
  readonly id: UserId;
}

/** What the strategy reads of a request, and notes on it for the guard. */
export interface TokenRequest extends BearerRequest {
  /** The key that the signature is held against. */
  signingKey?: KeyObject;
  /** A key under which it was found wrong: another one is looked for. */
  failedKey?: KeyObject | undefined;
  /** When the wait for keys ends, once it has begun. */
  waitsUntil?: number;
}

/** `exp`, which has to be there, and `nbf` are checked with the other claims: jsonwebtoken would round the clock. */
const timesAreOurs = { ignoreExpiration: true, jsonWebTokenOptions: { ignoreNotBefore: true } };

/**
 * Where a token is verified: passport-jwt's three steps, each with what has to be checked beyond it.
 *
 * 1. `jwtFromRequest` takes the token from its header;
 * 2. `secretOrKeyProvider` refuses what is not worth any cryptography, and finds the issuer's key;
 * 3. passport-jwt verifies the RS256 signature, and {@link validate} decides what the claims are good for.
 */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'access-token') {
  private readonly headers = new TokenHeaders();
  private readonly otherIssuers: OtherIssuers;

  constructor(
    @Inject(AUTH_OPTIONS) private readonly options: AuthOptions,
    private readonly keys: SigningKeys,
  ) {
    const secretOrKeyProvider: SecretOrKeyProvider<TokenRequest> = (request, token: string, done) => {
      this.keyFor(request, token)
        // Older than KeyObject is the declared type, which jsonwebtoken takes and need not parse for each token.
        .then((key) => {
          done(null, key as unknown as Buffer);
        })
        .catch(done);
    };
    super({
      jwtFromRequest: bearerToken,
      secretOrKeyProvider,
      algorithms: ['RS256'],
      ...timesAreOurs,
    });
    passport.framework(guardFramework);
    this.otherIssuers = new OtherIssuers(options);
  }

  /** The member of a token whose signature is good; throws TokenInvalid and ScopeInsufficient. */
  validate(payload: unknown): Member {
    const { audience, clockSkewSeconds } = this.options;
    try {
      const token = readTokenClaims(payload, { issuer: this.keys.issuer, audience, clockSkewSeconds });
      assertMayUseKeys(token);
      return { id: token.userId };
    } catch (error) {
      if (error instanceof IssuerDiffers) this.otherIssuers.tell(error);
      throw error;
    }
  }

  private async keyFor(request: TokenRequest, token: string): Promise<KeyObject> {
    assertOneAuthorizationHeader(request);
    const parts = tokenParts(token);
    const { kid, typ } = this.headers.read(parts.header);
    assertPlainClaims(parts.claims);
    const { tokenType } = this.options;
    if (tokenType !== undefined && !isTokenType(typ, tokenType)) throw new TokenInvalid('type');
    const { failedKey } = request;
    const atHand = failedKey === undefined ? this.keys.find(kid) : undefined;
    const key =
      atHand ??
      (await this.keys.fetch(kid, { until: (request.waitsUntil ??= this.keys.endOfWait()), failed: failedKey }));
    if (key === undefined) throw new TokenInvalid(failedKey === undefined ? 'unknown-key' : 'signature');
    request.signingKey = key;
    return key;
  }
}
