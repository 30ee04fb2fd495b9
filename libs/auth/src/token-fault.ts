import type { UserId } from '@key-connector/common';
import { KeyNotFetchedYet } from './issuer/issuer.errors.js';
import { ScopeInsufficient, TokenInvalid, TokenMissing } from './token/token.errors.js';

/**
 * What metrics and the audit log say of a token that was not taken: a stable word for why, and whose it is where it was
 * good but for this. `undefined` for an error that is not the token's fault, and cannot be: a key that is not known may
 * be made up.
 */
export function tokenFaultOf(error: unknown): { readonly reason: string; readonly userId?: UserId } | undefined {
  if (error instanceof ScopeInsufficient) return { reason: error.reason, userId: error.userId };
  const isOfToken = [TokenMissing, TokenInvalid, KeyNotFetchedYet].some((kind) => error instanceof kind);
  return isOfToken ? { reason: (error as TokenMissing | TokenInvalid | KeyNotFetchedYet).reason } : undefined;
}
