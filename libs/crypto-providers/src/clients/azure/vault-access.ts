import { type Report, required } from '../../contract/required-settings.js';
import { authorityHostOf } from './authority-host.js';

/** Which vault, and who asks it. */
export interface VaultAccess {
  /** Without a path: `https://name.vault.azure.net`. */
  readonly vaultUri: string;
  /** Where Entra signs in; `undefined` leaves it to the platform. */
  readonly authorityHost: string | undefined;
  readonly verifyResource: boolean;
  readonly tenantId: string | undefined;
  readonly applicationId: string | undefined;
  /** `undefined`: the platform's identity. */
  readonly secret: string | undefined;
  /** The branch that these settings are of, for messages: `rsaKey` or `certificate`. */
  readonly branch: string;
}

interface Given {
  readonly azureKeyvaultUri?: string | undefined;
  readonly azureKeyvaultAdTenantId?: string | undefined;
  readonly azureKeyvaultAdAppId?: string | undefined;
  readonly azureKeyvaultAdSecret?: string | undefined;
  readonly azureKeyvaultAuthorityHost?: string | undefined;
  readonly azureKeyvaultVerifyResource: boolean;
}

/** How to reach the vault, out of one branch of the settings; what is missing or wrong is reported, and gives `undefined`. */
export function chooseVaultAccess(branch: string, given: Given, report: Report): VaultAccess | undefined {
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
