import { describe, expect, it } from '@jest/globals';
import { keyProviderSettingsSchema } from '../../key-provider.settings.js';
import { rsaKeySettingsSchema } from '../../rsa-key.settings.js';
import { recordedVersions } from './recorded-versions.js';
import { chooseAzureVaultAccess, type AzureVaultAccess } from './azure-vault-access.js';

const problems: string[] = [];
const choose = (given: object): AzureVaultAccess | undefined => {
  problems.length = 0;
  const rsaKey = rsaKeySettingsSchema.parse({ azureKeyvaultUri: 'https://x.vault.azure.net', ...given });
  return chooseAzureVaultAccess('rsaKey', rsaKey, (path, message) => problems.push(`${path.join('.')} ${message}`));
};

describe('the access to a vault', () => {
  it('is by the platform’s identity unless there is a secret', () => {
    expect(choose({ azureKeyvaultAdAppId: 'app' })).toMatchObject({ secret: undefined, applicationId: 'app' });
    expect(problems).toEqual([]);
  });

  it('asks for the tenant and the application of a secret, by their paths', () => {
    expect(choose({ azureKeyvaultAdSecret: 's' })).toBeUndefined();
    expect(problems).toEqual([
      expect.stringMatching(/^rsaKey\.azureKeyvaultAdTenantId is required/),
      expect.stringMatching(/^rsaKey\.azureKeyvaultAdAppId is required/),
    ]);
  });

  it.each([
    ['https://x.vault.azure.net/', undefined],
    ['https://X.VAULT.AZURE.CN', 'https://login.chinacloudapi.cn'],
    ['https://x.managedhsm.usgovcloudapi.net', 'https://login.microsoftonline.us'],
    ['https://x.vault.usgovcloudapi.net.example', undefined],
  ])('signs in for %s at %s', (azureKeyvaultUri, authorityHost) => {
    expect(choose({ azureKeyvaultUri })).toMatchObject({ authorityHost });
  });

  it('signs in where the settings say', () => {
    const azureKeyvaultAuthorityHost = 'https://login.example';
    expect(choose({ azureKeyvaultAuthorityHost })).toMatchObject({ authorityHost: azureKeyvaultAuthorityHost });
  });

  it.each([
    ['http://127.0.0.1:8200', 'must be an https URI'],
    ['https://x.vault.azure.net/keys/wrap', 'must be the server alone'],
  ])('refuses %s: it %s', (azureKeyvaultUri, rule) => {
    expect(choose({ azureKeyvaultUri })).toBeUndefined();
    expect(problems).toEqual([expect.stringContaining(`rsaKey.azureKeyvaultUri ${rule}`)]);
  });

  it('takes the names of an existing deployment, with or without a secret', () => {
    const rsaKey = { provider: 'azurekv', azureKeyvaultUri: 'https://x.vault.azure.net', azureKeyvaultKeyName: 'wrap' };
    const secret = { azureKeyvaultAdTenantId: 't', azureKeyvaultAdAppId: 'a', azureKeyvaultAdSecret: 's' };
    for (const given of [rsaKey, { ...rsaKey, ...secret }])
      expect(keyProviderSettingsSchema.parse({ rsaKey: given })).toMatchObject({ kind: 'azurekv', keyName: 'wrap' });
  });
});

describe('the versions that wrappings name', () => {
  const wrap = { vaultUri: 'https://x.vault.azure.net', collection: 'keys', name: 'wrap' } as const;
  const at = (vault: string, path: string): string => `https://${vault}.vault.azure.net/${path}`;

  it('are those of this key alone', () => {
    const others = [
      at('x', 'keys/other/1'),
      at('x', 'secrets/wrap/2'),
      at('x', 'keys/wrap'),
      'certificate:sha1:00',
      '',
    ];
    expect(recordedVersions(others, wrap)).toEqual([]);
    expect(recordedVersions([...others, at('x', 'keys/WRAP/3')], wrap)).toEqual(['3']);
  });

  it('are those that all data keys are wrapped with, in the middle of a move', () => {
    expect(recordedVersions([at('x', 'keys/wrap/1'), at('x', 'keys/wrap/1'), at('x', 'keys/wrap/2')], wrap)).toEqual([
      '1',
    ]);
    expect(recordedVersions([at('x', 'keys/wrap/1'), at('x', 'keys/wrap/2')], wrap)).toEqual(['1', '2']);
  });

  it('are those of another vault only where none are of this one', () => {
    expect(recordedVersions([at('old', 'keys/wrap/1')], wrap)).toEqual(['1']);
    expect(recordedVersions([at('old', 'keys/wrap/1'), at('x', 'keys/wrap/2')], wrap)).toEqual(['2']);
  });
});
