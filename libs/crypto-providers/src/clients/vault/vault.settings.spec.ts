import { describe, expect, it } from '@jest/globals';
import { keyProviderSettingsSchema } from '../../key-provider.settings.js';
import { revealed } from '../../testing/revealed.js';

const transit = { provider: 'vaulttransit', vaultServerUri: 'https://bao.example:8200/', vaultTransitKeyName: 'kc' };

const problems = (rsaKey: object): string[] =>
  (keyProviderSettingsSchema.safeParse({ rsaKey, certificate: {} }).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('__')}: ${message}`,
  );
const authOf = (rsaKey: object): unknown => {
  const settings = keyProviderSettingsSchema.parse({ rsaKey: { ...transit, ...rsaKey } });
  return 'vault' in settings ? revealed(settings.vault.auth) : undefined;
};

describe('the settings of Vault', () => {
  it('choose the one way to log in that is given', () => {
    expect(authOf({ vaultToken: 't' })).toEqual({ kind: 'token', token: 't' });
    expect(authOf({ vaultTokenPath: '/run/token' })).toEqual({ kind: 'tokenFile', path: '/run/token' });
    expect(authOf({ vaultKubernetesRole: 'kc' })).toEqual({
      kind: 'kubernetes',
      role: 'kc',
      mount: 'kubernetes',
      jwtPath: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    });
    const appRole = { kind: 'appRole', mount: 'approle', roleId: 'r' };
    expect(authOf({ vaultAppRoleId: 'r', vaultAppRoleSecretId: 's' })).toEqual({ ...appRole, secret: { value: 's' } });
    expect(authOf({ vaultAppRoleId: 'r', vaultAppRoleSecretIdPath: '/s' })).toEqual({
      ...appRole,
      secret: { path: '/s' },
    });
  });

  it.each(['hunter2\nsecret', 'hunter2 secret', 'hunter2\u0000', 'hünter2'])(
    'refuse the token %j, which no header takes, and do not show it',
    (vaultToken) => {
      expect(problems({ ...transit, vaultToken })).toEqual(['rsaKey__vaultToken: must be one line, without blanks']);
    },
  );

  it('take mount points and paths with slashes around them', () => {
    const rsaKey = { ...transit, vaultTransitMountPoint: '/kms/transit/', vaultNamespace: 'team/', vaultToken: 't' };
    expect(keyProviderSettingsSchema.parse({ rsaKey, certificate: {} })).toMatchObject({
      mount: 'kms/transit',
      vault: { server: 'https://bao.example:8200', namespace: 'team' },
    });
    const certificate = {
      ...{ provider: 'vault', vaultServerUri: 'https://bao.example', vaultToken: 't', vaultSecretDataKey: 'pfx' },
      ...{ vaultSecretMountPoint: 'secret/', vaultSecretPath: '/bwkc' },
    };
    expect(keyProviderSettingsSchema.parse({ rsaKey: {}, certificate })).toMatchObject({
      source: { mount: 'secret', path: 'bwkc' },
    });
  });

  it('ask for a server, a key and a way to log in', () => {
    expect(problems({ provider: 'vaulttransit' })).toEqual([
      'rsaKey__vaultTransitKeyName: is required: the name of the RSA key',
      'rsaKey__vaultServerUri: is required: the address of the Vault or OpenBao server',
      'rsaKey__vaultToken: is required, or another way to log in: vaultTokenPath, vaultKubernetesRole, vaultAppRoleId',
    ]);
  });

  it('refuse two ways to log in, and two secret ids', () => {
    expect(problems({ ...transit, vaultToken: 't', vaultKubernetesRole: 'kc' })).toEqual([
      'rsaKey__vaultKubernetesRole: is another way to log in beside vaultToken; keep one of them',
    ]);
    expect(
      problems({ ...transit, vaultAppRoleId: 'r', vaultAppRoleSecretId: 's', vaultAppRoleSecretIdPath: '/s' }),
    ).toEqual(['rsaKey__vaultAppRoleSecretIdPath: is given beside vaultAppRoleSecretId; keep one of them']);
    expect(problems({ ...transit, vaultAppRoleId: 'r' })).toEqual([
      'rsaKey__vaultAppRoleSecretId: is required with vaultAppRoleId: the secret id of the role',
    ]);
  });

  it('refuse plain HTTP on the network, but leave the address of a Vault alone that is not chosen', () => {
    const plain = 'http://bao.example:8200';
    expect(problems({ ...transit, vaultToken: 't', vaultServerUri: plain })).toEqual([
      'rsaKey__vaultServerUri: must be https (http is for loopback only); ' +
        'rsaKey__vaultAllowPlainHttp: true takes it inside a cluster',
    ]);
    expect(problems({ ...transit, vaultToken: 't', vaultServerUri: plain, vaultAllowPlainHttp: 'True' })).toEqual([]);
    expect(problems({ ...transit, vaultToken: 't', vaultServerUri: 'http://127.0.0.1:8200' })).toEqual([]);
    const fromVault = { provider: 'vault', vaultToken: 't', vaultSecretPath: 'kc', vaultSecretDataKey: 'pfx' };
    const inside = { ...fromVault, vaultServerUri: plain, vaultAllowPlainHttp: true };
    expect(keyProviderSettingsSchema.parse({ certificate: inside })).toMatchObject({
      source: { vault: { branch: 'certificate', server: plain, plainHttp: true } },
    });
    const certificate = { filesystemPath: '/bwkc.pfx', vaultServerUri: plain };
    expect(keyProviderSettingsSchema.safeParse({ rsaKey: {}, certificate }).success).toBe(true);
  });

  it('refuse OAEP with SHA-1, which transit does not know', () => {
    expect(problems({ ...transit, vaultToken: 't', oaepHash: 'sha1' })).toEqual([
      'rsaKey__oaepHash: must be sha256, or not given: the transit engine knows no other',
    ]);
  });
});
