import { ScopeInsufficient } from '../auth.errors.js';
import type { AccessToken } from './token-claims.js';

/** Refuses a good token that is not for a member's vault key: only single sign-on and API-key logins may have it. */
export function assertMayUseKeys({ userId, amr, scope }: AccessToken): void {
  if (!amr.includes('external') && !amr.includes('Application')) throw new ScopeInsufficient('amr', userId);
  if (!scope.includes('api')) throw new ScopeInsufficient('scope', userId);
}
