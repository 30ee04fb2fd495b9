import type { UserId } from '@key-connector/common';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** A request that AccessTokenGuard let in. */
export interface AuthenticatedRequest {
  user: { readonly id: UserId };
}

/** The id of the member whose token the request carries; only behind AccessTokenGuard. */
export const CurrentUser: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext): UserId =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().user.id,
);
