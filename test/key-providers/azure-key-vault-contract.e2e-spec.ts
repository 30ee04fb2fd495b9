import type { VaultKeyVersion } from '../lab/clouds/azure/key-vault.double.js';
import {
  describeKeyEncryptionKey,
  describeKeyVersions,
  describeStalledProvider,
} from '@key-connector/crypto-providers/testing';
import { AzureCompany, fingerprintOf } from './azure-company.js';

const company = AzureCompany.describe();

for (const [suffix, kind, bits] of [
  ['vault.azure.net', 'RSA', 2048],
  ['vault.azure.cn', 'RSA', 3072],
  ['managedhsm.azure.net', 'RSA-HSM', 4096],
] as const)
  describeKeyEncryptionKey(`Azure, ${kind} ${bits} at ${suffix}`, () => {
    const vault = company.vault(suffix);
    const key = vault.addKey('wrap', { kind, bits });
    vault.addKey('other', { kind });
    return Promise.resolve({
      open: () => company.open(company.settings(vault)),
      openOther: () => company.open(company.settings(vault, { azureKeyvaultKeyName: 'other' })),
      id: fingerprintOf(key),
      algorithms: { wraps: 'RSA-OAEP-256', classic: 'RSA-OAEP' },
      secrets: [...company.application.secrets],
    });
  });

describeKeyVersions('a key in Azure Key Vault', () => {
  const vault = company.vault();
  const versions = [vault.addKey('wrap')];
  const find = (reference: string): VaultKeyVersion | undefined => versions.find(({ id }) => id === reference);
  return Promise.resolve({
    open: (recorded) => company.open(company.settings(vault), recorded),
    addVersion: () => Promise.resolve(void versions.push(vault.addKey('wrap'))),
    retireVersion: (reference) => {
      Object.assign(find(reference)?.attributes ?? {}, { enabled: false });
      return Promise.resolve();
    },
    nameOf: (reference) => find(reference)?.version ?? reference,
  });
});

describeStalledProvider('Azure Key Vault', async () => {
  const vault = company.vault();
  vault.addKey('wrap');
  const key = await company.open(company.settings(vault, { timeoutSeconds: 3 }));
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
