import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AccessTokenStrategy } from './access-token.strategy.js';
import type { AuthenticatedRequest } from './current-user.decorator.js';
import type { BearerRequest } from './token/bearer-token.js';
import { assertMayUseKeys } from './token/token-policy.js';

/** Lets a request in whose access token is good and made for this service, and names its member as `request.user`. */
@Injectable()
export class AccessTokenGuard implements CanActivate {
  constructor(private readonly strategy: AccessTokenStrategy) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<BearerRequest & AuthenticatedRequest>();
    const token = await this.strategy.verify(request);
    assertMayUseKeys(token);
    request.user = { id: token.userId };
    return true;
  }
}
