import { KeyConnectorError } from '@key-connector/common';
import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { TokenRequest } from './access-token.strategy.js';
import { bearerToken, type BearerRequest } from './token/bearer-token.js';
import { TokenInvalid, TokenMissing } from './token/token.errors.js';

/**
 * Lets a request in whose access token is good and made for this service, with its {@link Member} as `request.user`.
 * Whatever else it meets is one of our errors: TokenMissing, TokenInvalid, ScopeInsufficient, IssuerUnavailable.
 *
 * @example
 * ```ts
 * @Controller('user-keys')
 * @UseGuards(AccessTokenGuard)
 * export class UserKeysController {
 *   @Get()
 *   read(@CurrentUser() id: UserId) { … }
 * }
 * ```
 */
@Injectable()
export class AccessTokenGuard extends AuthGuard('access-token') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return (await super.canActivate(context)) as boolean;
    } catch (error) {
      if (!(error instanceof TokenInvalid) || error.reason !== 'signature') throw error;
      // The issuer may have replaced the key. Where there is no other, the strategy says what is to be said.
      const request = requestOf(context);
      request.failedKey = request.signingKey;
      return (await super.canActivate(context)) as boolean;
    }
  }

  /** The member, or one of our errors: for whatever Passport, passport-jwt and the strategy made of the request. */
  override handleRequest<T>(error: unknown, member: T | false | null, info: unknown, context: ExecutionContext): T {
    if (member) return member;
    throw refusalOf(error ?? info, requestOf(context));
  }
}

const requestOf = (context: ExecutionContext): TokenRequest => context.switchToHttp().getRequest<TokenRequest>();

function refusalOf(thrown: unknown, request: BearerRequest): unknown {
  if (bearerToken(request) === null) return new TokenMissing();
  if (thrown instanceof KeyConnectorError || !(thrown instanceof Error)) return thrown;
  // jsonwebtoken's own: form, algorithm and key were checked before it, so that only these two are left.
  if (thrown.name === 'JsonWebTokenError') return new TokenInvalid('signature');
  if (thrown instanceof SyntaxError) return new TokenInvalid('malformed');
  return thrown;
}
