import { Inject, Injectable } from '@nestjs/common';
import { Strategy, type VerifiedCallback } from 'passport-jwt';
import { TokenInvalid } from './auth.errors.js';
import { AUTH_OPTIONS } from './auth.module-definition.js';
import type { AuthOptions } from './auth.settings.js';
import { SigningKeys } from './signing-keys.js';
import { bearerToken, type BearerRequest } from './token/bearer-token.js';
import { type AccessToken, readTokenClaims } from './token/token-claims.js';
import { headerPart, readTokenHeader, type TokenHeader } from './token/token-header.js';
import { isTokenType } from './token/token-type.js';
import { verifyOnThreadPool } from './token/token-signature.js';

verifyOnThreadPool();

type KeyCallback = (error: unknown, key?: Buffer) => void;

/**
 * passport-jwt with the issuer's keys, with a verifier that keeps RSA off the event loop, and with our checks of claims.
 *
 * It is run directly and not by `passport.authenticate()`, which hangs session methods on every request, looks the
 * strategy up in a registry of the whole process, and adds a tenth to the time of a verification.
 */
@Injectable()
export class AccessTokenStrategy extends Strategy {
  /** The last good header: an issuer's tokens share one until it rotates its key. */
  private last: { readonly part: string; readonly header: TokenHeader } | undefined;

  constructor(
    @Inject(AUTH_OPTIONS) private readonly options: AuthOptions,
    private readonly keys: SigningKeys,
  ) {
    super(
      {
        jwtFromRequest: bearerToken,
        secretOrKeyProvider: (_request: BearerRequest, token: string, done) => {
          this.provideKey(token, done);
        },
      },
      (claimsText: string, done: VerifiedCallback) => {
        const { audience, clockSkewSeconds } = options;
        done(null, readTokenClaims(claimsText, { issuer: keys.issuer, audience, clockSkewSeconds }));
      },
    );
  }

  /** Verifies the request's token; rejects with our errors. */
  verify(request: BearerRequest): Promise<AccessToken> {
    return new Promise((resolve, reject) => {
      // Passport's contract: each attempt is an object of its own, on which the strategy calls one of these.
      const attempt = Object.create(this) as Attempt;
      attempt.success = resolve;
      attempt.fail = reject;
      attempt.error = reject;
      attempt.authenticate(request);
    });
  }

  private readHeader(token: string): TokenHeader {
    const part = headerPart(token);
    if (this.last?.part !== part) this.last = { part, header: readTokenHeader(part) };
    return this.last.header;
  }

  private provideKey(token: string, done: KeyCallback): void {
    const { kid, typ } = this.readHeader(token);
    const { tokenType } = this.options;
    if (tokenType !== undefined && !isTokenType(typ, tokenType)) throw new TokenInvalid('type');
    // The declared type is older than KeyObject, which saves parsing a PEM for each token.
    const provide = (key: unknown): void => {
      done(null, key as Buffer);
    };
    const key = this.keys.find(kid);
    if (key === undefined) void this.keys.fetch(kid).then(provide).catch(done);
    else provide(key);
  }
}

interface Attempt {
  success: (token: AccessToken) => void;
  fail: (error: unknown) => void;
  error: (error: unknown) => void;
  authenticate(request: BearerRequest): void;
}
