import type { KeyConnectorError } from '@key-connector/common';
import { z } from 'zod';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import type { VaultAccess } from './vault-access.js';

/** What the SDK throws when it gets no token. Its message can quote what Entra said, so only codes are taken from it. */
const tokenError = z.object({
  name: z.enum([
    'AggregateAuthenticationError',
    'AuthenticationError',
    'AuthenticationRequiredError',
    'CredentialUnavailableError',
  ]),
  message: z.string(),
});

/** Error codes of OAuth (RFC 6749, section 5.2) that no further attempt mends. */
const refused =
  /\b(?:invalid_client|invalid_grant|invalid_request|invalid_resource|invalid_scope|invalid_tenant|unauthorized_client)\b/;

/** AADSTS codes that pass by themselves: trouble at Entra, throttling, a workload's token that is about to be renewed. */
const passing = new Set(['AADSTS90033', 'AADSTS90055', 'AADSTS700024']);

/** What Entra's refusal means for an operator; `undefined` when the error is not about a token. */
export function tokenFailure(error: unknown, access: VaultAccess): KeyConnectorError | undefined {
  const parsed = tokenError.safeParse(error);
  if (!parsed.success) return undefined;
  const { message } = parsed.data;
  const code = /AADSTS\d+/.exec(message)?.[0] ?? refused.exec(message)?.[0];
  const said = `No token for ${access.vaultUri}${code === undefined ? '' : ` (${code})`}`;
  if (message.includes('not configured to acquire tokens for tenant'))
    return new KeyProviderMisconfigured(
      `${said}: the vault belongs to another tenant than ${access.branch}__azureKeyvaultAdTenantId, ` +
        'which must be the id of its tenant.',
    );
  if (refused.test(message) && !passing.has(code ?? ''))
    return new KeyProviderMisconfigured(`${said}: Entra refuses the ${whoAsks(access)}.`);
  return new KeyProviderUnavailable(`${said}: ${noAnswer(access)}.`);
}

function whoAsks({ branch, secret }: VaultAccess): string {
  const settings = (names: string[]): string => names.map((name) => `${branch}__azureKeyvaultAd${name}`).join(', ');
  return secret === undefined
    ? `identity of this machine or workload; check it, and ${settings(['AppId'])} where it is given`
    : `application; check ${settings(['TenantId', 'AppId', 'Secret'])} and whether the secret has expired`;
}

function noAnswer({ branch, secret }: VaultAccess): string {
  return secret === undefined
    ? 'no managed identity, workload identity or AZURE_* variable of this process gave one; ' +
        `assign an identity or set ${branch}__azureKeyvaultAdSecret`
    : 'Entra does not answer as it should';
}
