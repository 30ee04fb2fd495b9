import { DefaultAzureCredential } from '@azure/identity';
import { Secret } from '@key-connector/common';
import { DatabaseUnavailable } from '../errors/database.errors.js';
import type { LoginToken } from './login-tokens.js';

/** The audience of Azure's open-source databases in each cloud, by the end of their host names. */
const audiences: readonly (readonly [suffix: string, audience: string])[] = [
  ['.usgovcloudapi.net', 'https://ossrdbms-aad.database.usgovcloudapi.net'],
  ['.chinacloudapi.cn', 'https://ossrdbms-aad.database.chinacloudapi.cn'],
];

const audienceOf = (host: string): string =>
  audiences.find(([suffix]) => host.toLowerCase().endsWith(suffix))?.[1] ?? 'https://ossrdbms-aad.database.windows.net';

/**
 * Asks Microsoft Entra for a token, as whom the platform says: AZURE_* variables, workload identity, managed identity.
 */
export function entraTokens(clientId: string | undefined, host: string): () => Promise<LoginToken> {
  const credential = new DefaultAzureCredential(
    clientId === undefined ? {} : { managedIdentityClientId: clientId, workloadIdentityClientId: clientId },
  );
  return async () => {
    try {
      const { token, expiresOnTimestamp } = await credential.getToken(`${audienceOf(host)}/.default`);
      return { token: new Secret(token), expiresAt: expiresOnTimestamp };
    } catch (error) {
      throw new DatabaseUnavailable(
        `Microsoft Entra gave no token for ${host} (${codeOf(error)}). Check the identity of this process ` +
          '(AZURE_* variables, workload identity, managed identity) and database__entraClientId where it is given.',
      );
    }
  };
}

/** The SDK's message quotes what Entra said; of it only the code is passed on. */
function codeOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: 'unknown error', message: '' };
  return /AADSTS\d+/.exec(message)?.[0] ?? name;
}
