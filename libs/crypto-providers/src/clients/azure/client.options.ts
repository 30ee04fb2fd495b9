import type { TokenCredentialOptions } from '@azure/identity';
import type { VaultAccess } from './vault-access.js';

/** What all clients of the SDK have in common: they give up soon, because the start of the service tries again anyway. */
export function clientOptions(
  timeoutSeconds: number,
): Pick<TokenCredentialOptions, 'additionalPolicies' | 'retryOptions'> {
  return {
    retryOptions: { maxRetries: 0 },
    additionalPolicies: [
      {
        position: 'perCall',
        policy: {
          name: 'keyConnectorTimeout',
          // Requests for a token take no signal: without this one that hangs would go on for ever, unheeded.
          sendRequest: (request, next) => {
            request.timeout ||= timeoutSeconds * 1000;
            return next(request);
          },
        },
      },
    ],
  };
}

/** The options of a vault's clients. */
export function vaultClientOptions(
  { verifyResource }: VaultAccess,
  timeoutSeconds: number,
): ReturnType<typeof clientOptions> & { disableChallengeResourceVerification: boolean } {
  return { ...clientOptions(timeoutSeconds), disableChallengeResourceVerification: !verifyResource };
}
