import type { UserId } from '@key-connector/common';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Member } from './access-token.strategy.js';

/**
 * The id of the member whose token the request carries; only behind AccessTokenGuard.
 *
 * @example
 * ```ts
 * @Get()
 * @UseGuards(AccessTokenGuard)
 * read(@CurrentUser() id: UserId) { … }
 * ```
 */
export const CurrentUser: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext): UserId =>
    context.switchToHttp().getRequest<{ readonly user: Member }>().user.id,
);
