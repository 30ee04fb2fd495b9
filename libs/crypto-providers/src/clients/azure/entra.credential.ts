import { ClientSecretCredential, DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import { isMicrosofts } from './authority-host.js';
import { clientOptions } from './client.options.js';
import type { VaultAccess } from './vault-access.js';

/**
 * The identity that asks the vault: the application with its secret where the settings give one, else what the platform
 * gives: the variables `AZURE_*`, a workload identity (its token file is read again as it rotates), a managed identity.
 */
export function entraCredential(
  { authorityHost, tenantId, applicationId, secret }: VaultAccess,
  timeoutSeconds: number,
): TokenCredential {
  const options = {
    ...clientOptions(timeoutSeconds),
    ...(authorityHost !== undefined && { authorityHost, disableInstanceDiscovery: !isMicrosofts(authorityHost) }),
  };
  if (secret !== undefined && tenantId !== undefined && applicationId !== undefined)
    return new ClientSecretCredential(tenantId, applicationId, secret, options);
  return new DefaultAzureCredential({
    ...options,
    ...(tenantId !== undefined && { tenantId }),
    ...(applicationId !== undefined && {
      managedIdentityClientId: applicationId,
      workloadIdentityClientId: applicationId,
    }),
  });
}
