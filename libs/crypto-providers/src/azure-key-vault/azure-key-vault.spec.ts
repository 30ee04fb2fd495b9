import { createHash } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { AzureCloud } from '../../../../test/support/azure-cloud.js';
import type { EntraApplication } from '../../../../test/support/entra.double.js';
import type { KeyVaultDouble, VaultKeyVersion } from '../../../../test/support/key-vault.double.js';
import type { KeyEncryptionKey } from '../key-encryption-key.js';
import { KeyProvider } from '../key-provider.js';
import { keyProviderSettingsSchema } from '../key-provider.settings.js';
import { describeKeyEncryptionKey, describeKeyVersions, describeStalledProvider } from '../testing/index.js';

let cloud: AzureCloud;
let application: EntraApplication;
let leave: () => void;
beforeAll(async () => {
  cloud = await AzureCloud.start();
  leave = cloud.enter();
  application = cloud.entra.register();
});
afterAll(() => {
  leave();
  cloud.stop();
});

let vaults = 0;
const makeVault = (suffix?: Parameters<AzureCloud['vault']>[1]): KeyVaultDouble => {
  vaults += 1;
  const vault = cloud.vault(`company-${vaults}`, suffix);
  vault.allow(application.clientId);
  return vault;
};

const settingsFor = (vault: KeyVaultDouble, name: string, more: object = {}): object => ({
  provider: 'azurekv',
  timeoutSeconds: 5,
  azureKeyvaultUri: vault.uri,
  azureKeyvaultKeyName: name,
  azureKeyvaultAdTenantId: cloud.entra.tenantId.toUpperCase(),
  azureKeyvaultAdAppId: application.clientId,
  azureKeyvaultAdSecret: [...application.secrets][0],
  ...more,
});

const openWith = (rsaKey: object, recorded: readonly string[] = [], classic?: Uint8Array): Promise<KeyEncryptionKey> =>
  new KeyProvider(keyProviderSettingsSchema.parse({ rsaKey })).open(recorded, classic);

const fingerprint = (key: VaultKeyVersion): string =>
  `sha256:${createHash('sha256')
    .update(key.publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')}`;

for (const [suffix, kind, bits] of [
  ['vault.azure.net', 'RSA', 2048],
  ['managedhsm.azure.net', 'RSA-HSM', 4096],
] as const)
  describeKeyEncryptionKey(`Azure, ${kind} ${bits} at ${suffix}`, () => {
    const vault = makeVault(suffix);
    const key = vault.addKey('wrap', { kind, bits });
    vault.addKey('other', { kind });
    return Promise.resolve({
      open: () => openWith(settingsFor(vault, 'wrap')),
      openOther: () => openWith(settingsFor(vault, 'other')),
      id: fingerprint(key),
      secrets: [...application.secrets],
    });
  });

describeKeyVersions('a key in Azure Key Vault', () => {
  const vault = makeVault();
  const versions = [vault.addKey('wrap')];
  const find = (reference: string): VaultKeyVersion | undefined => versions.find(({ id }) => id === reference);
  return Promise.resolve({
    open: (recorded) => openWith(settingsFor(vault, 'wrap'), recorded),
    addVersion: () => Promise.resolve(void versions.push(vault.addKey('wrap'))),
    retireVersion: (reference) => {
      Object.assign(find(reference)?.attributes ?? {}, { enabled: false });
      return Promise.resolve();
    },
    nameOf: (reference) => find(reference)?.version ?? reference,
  });
});

describeStalledProvider('Azure Key Vault', async () => {
  const vault = makeVault();
  vault.addKey('wrap');
  const key = await openWith(settingsFor(vault, 'wrap', { timeoutSeconds: 1 }));
  const wrapped = await key.wrap(Buffer.alloc(32, 7));
  vault.fault = 'silent';
  return {
    key,
    wrapped,
    recover: () => {
      vault.fault = 'none';
      return Promise.resolve();
    },
  };
});
