/** Where Entra signs in for the vaults of a cloud other than the public one, by the end of their names. */
const sovereign: Readonly<Record<string, string>> = {
  '.vault.azure.cn': 'https://login.chinacloudapi.cn',
  '.managedhsm.azure.cn': 'https://login.chinacloudapi.cn',
  '.vault.usgovcloudapi.net': 'https://login.microsoftonline.us',
  '.managedhsm.usgovcloudapi.net': 'https://login.microsoftonline.us',
};

const microsofts = new Set(['https://login.microsoftonline.com', ...Object.values(sovereign)]);

/** Where Entra signs in for a vault in a sovereign cloud; `undefined` for any other: the SDK's default. */
export function authorityHostOf(vaultHost: string): string | undefined {
  const host = vaultHost.toLowerCase();
  return Object.entries(sovereign).find(([suffix]) => host.endsWith(suffix))?.[1];
}

/** Whether the public directory of clouds knows this host; another one must not be looked up there. */
export function isMicrosofts(authorityHost: string): boolean {
  return microsofts.has(new URL(authorityHost).origin);
}
