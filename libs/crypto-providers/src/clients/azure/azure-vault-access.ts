import { flag, type Secret, secret, serverUri, text } from '@key-connector/common';
import type { Values } from '../../contract/definitions.js';
import { type Report, required } from '../../contract/required-settings.js';

/** Which vault, and who asks it: the same settings under `rsaKey` and under `certificate`. */
export const azureVaultFields = {
  azureKeyvaultUri: serverUri(
    'Azure Key Vault or Managed HSM: the vault, such as `https://name.vault.azure.net`.',
  ).optional(),
  azureKeyvaultAdTenantId: text(
    'Azure Key Vault: the Entra tenant; needed with a secret, otherwise the platform gives it.',
  ).optional(),
  azureKeyvaultAdAppId: text(
    'Azure Key Vault: the application (client) id; without a secret, that of the managed or workload identity.',
  ).optional(),
  azureKeyvaultAdSecret: secret(
    'Azure Key Vault: the application’s secret. Not given: managed identity, workload identity or the environment.',
  ).optional(),
  azureKeyvaultAuthorityHost: serverUri(
    'Azure Key Vault: where Entra signs in. Not given: that of the cloud which the vault’s name belongs to.',
  ).optional(),
  azureKeyvaultVerifyResource: flag(
    'Azure Key Vault: tokens are sent only to a name of the cloud that they are for. `false` for a vault behind a name of your own.',
  ).default(true),
};

/** Which vault, and who asks it. */
export interface AzureVaultAccess {
  /** Without a path: `https://name.vault.azure.net`. */
  readonly vaultUri: string;
  /** Where Entra signs in; `undefined` leaves it to the platform. */
  readonly authorityHost: string | undefined;
  readonly verifyResource: boolean;
  readonly tenantId: string | undefined;
  readonly applicationId: string | undefined;
  /** `undefined`: the platform's identity. */
  readonly secret: Secret | undefined;
  /** The branch that these settings are of, for messages: `rsaKey` or `certificate`. */
  readonly branch: string;
}

/**
 * How to reach the vault, out of one branch of the settings; what is missing or wrong is reported, and gives
 * `undefined`.
 */
export function chooseAzureVaultAccess(
  branch: string,
  given: Values<typeof azureVaultFields>,
  report: Report,
): AzureVaultAccess | undefined {
  const vault = required(
    branch,
    given,
    { azureKeyvaultUri: 'the vault, such as https://name.vault.azure.net' },
    report,
  );
  const authorityHost = given.azureKeyvaultAuthorityHost;
  const checks = [
    vault !== undefined && isOrigin(branch, 'azureKeyvaultUri', vault.azureKeyvaultUri, report),
    authorityHost === undefined || isOrigin(branch, 'azureKeyvaultAuthorityHost', authorityHost, report),
    given.azureKeyvaultAdSecret === undefined || required(branch, given, missingWithSecret, report) !== undefined,
  ];
  if (vault === undefined || checks.includes(false)) return undefined;
  const { origin: vaultUri, hostname } = new URL(vault.azureKeyvaultUri);
  return {
    vaultUri,
    authorityHost: authorityHost ?? authorityHostOf(hostname),
    verifyResource: given.azureKeyvaultVerifyResource,
    // The SDK compares it, letter by letter, with what the vault says.
    tenantId: given.azureKeyvaultAdTenantId?.toLowerCase(),
    applicationId: given.azureKeyvaultAdAppId,
    secret: given.azureKeyvaultAdSecret,
    branch,
  };
}

const missingWithSecret = {
  azureKeyvaultAdTenantId: 'the Entra tenant that azureKeyvaultAdSecret belongs to',
  azureKeyvaultAdAppId: 'the application that azureKeyvaultAdSecret belongs to',
};

/** The SDK sends no token over plain HTTP, not even to loopback. */
function isOrigin(branch: string, name: string, value: string, report: Report): boolean {
  const { protocol, pathname, search, hash, username } = new URL(value);
  if (protocol !== 'https:') report([branch, name], 'must be an https URI: tokens go there');
  else if (pathname !== '/' || search + hash + username !== '')
    report([branch, name], 'must be the server alone: nothing before or after its name and port');
  else return true;
  return false;
}

/** Where Entra signs in for the vaults of a cloud other than the public one, by the end of their names. */
const sovereign: Readonly<Record<string, string>> = {
  '.vault.azure.cn': 'https://login.chinacloudapi.cn',
  '.managedhsm.azure.cn': 'https://login.chinacloudapi.cn',
  '.vault.usgovcloudapi.net': 'https://login.microsoftonline.us',
  '.managedhsm.usgovcloudapi.net': 'https://login.microsoftonline.us',
};

const microsofts = new Set(['https://login.microsoftonline.com', ...Object.values(sovereign)]);

/** Where Entra signs in for a vault in a sovereign cloud; `undefined` for any other: the SDK's default. */
function authorityHostOf(vaultHost: string): string | undefined {
  const host = vaultHost.toLowerCase();
  return Object.entries(sovereign).find(([suffix]) => host.endsWith(suffix))?.[1];
}

/** Whether the public directory of clouds knows this host; another one must not be looked up there. */
export function isMicrosofts(authorityHost: string): boolean {
  return microsofts.has(new URL(authorityHost).origin);
}
