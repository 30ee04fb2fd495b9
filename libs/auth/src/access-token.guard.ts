import { KeyConnectorError } from '@key-connector/common';
import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
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
  /**
   * What Passport gets: as much of the request as the strategy reads. It hangs eight members on what it is given, and a
   * Fastify request that grows outlives the young heap: four times the garbage to collect there.
   */
  override getRequest(context: ExecutionContext): BearerRequest {
    const { headers, raw } = requestOf(context);
    return { headers, raw };
  }

  /** The member, or one of our errors: for whatever Passport, passport-jwt and the strategy made of the request. */
  override handleRequest<T>(error: unknown, member: T | false | null, info: unknown, context: ExecutionContext): T {
    const request = requestOf(context);
    if (!member) throw refusalOf(error ?? info, request);
    request.user = member;
    return member;
  }
}

interface Request extends BearerRequest {
  user?: unknown;
}

const requestOf = (context: ExecutionContext): Request => context.switchToHttp().getRequest<Request>();

function refusalOf(thrown: unknown, request: BearerRequest): unknown {
  if (bearerToken(request) === null) return new TokenMissing();
  if (thrown instanceof KeyConnectorError || !(thrown instanceof Error)) return thrown;
  // jsonwebtoken's own: form, algorithm and key were checked before it, so that only these two are left.
  if (thrown.name === 'JsonWebTokenError') return new TokenInvalid('signature');
  if (thrown instanceof SyntaxError) return new TokenInvalid('malformed');
  return thrown;
}
