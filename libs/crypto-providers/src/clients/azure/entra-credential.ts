import {
  ClientSecretCredential,
  DefaultAzureCredential,
  type TokenCredential,
  type TokenCredentialOptions,
} from '@azure/identity';
import { type AzureVaultAccess, isMicrosofts } from './azure-vault-access.js';

/**
 * The identity that asks the vault: the application with its secret where the settings give one, else what the platform
 * gives: the variables `AZURE_*`, a workload identity (its token file is read again as it rotates), a managed identity.
 */
export function entraCredential(
  { authorityHost, tenantId, applicationId, secret }: AzureVaultAccess,
  timeoutSeconds: number,
): TokenCredential {
  const options = {
    ...clientOptions(timeoutSeconds),
    ...(authorityHost !== undefined && { authorityHost, disableInstanceDiscovery: !isMicrosofts(authorityHost) }),
  };
  if (secret !== undefined && tenantId !== undefined && applicationId !== undefined)
    return new ClientSecretCredential(tenantId, applicationId, secret.reveal(), options);
  return new DefaultAzureCredential({
    ...options,
    ...(tenantId !== undefined && { tenantId }),
    ...(applicationId !== undefined && {
      managedIdentityClientId: applicationId,
      workloadIdentityClientId: applicationId,
    }),
  });
}

/**
 * What all clients of the SDK have in common: they give up soon, because the start of the service tries again anyway.
 */
function clientOptions(timeoutSeconds: number): Pick<TokenCredentialOptions, 'additionalPolicies' | 'retryOptions'> {
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
export function azureClientOptions(
  { verifyResource }: AzureVaultAccess,
  timeoutSeconds: number,
): ReturnType<typeof clientOptions> & { disableChallengeResourceVerification: boolean } {
  return { ...clientOptions(timeoutSeconds), disableChallengeResourceVerification: !verifyResource };
}
