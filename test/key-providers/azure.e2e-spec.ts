import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AzureCloud } from '../lab/clouds/azure/azure-cloud.ts';
import { makeKeyPfx } from '../lab/files/certificate.ts';
import type { EntraApplication } from '../lab/clouds/azure/entra.double.ts';
import type { KeyVaultDouble } from '../lab/clouds/azure/key-vault.double.ts';
import { type ServedProvider, describeServingWith } from '../lab/service/serving-with.suite.ts';
import { tempFolder } from '../lab/files/temp-folder.ts';

const always = { installed: true, reason: '' };

/** A vault in a cloud of its own, and a service that finds it through the company's proxy and its own authority. */
async function inAzure(
  settingsFor: (vault: KeyVaultDouble, application: EntraApplication) => Record<string, string>,
): Promise<ServedProvider> {
  const cloud = await AzureCloud.start();
  const folder = await tempFolder('azure');
  const authority = join(folder.path, 'company.crt');
  await writeFile(authority, cloud.caPem);
  const application = cloud.entra.register();
  const vault = cloud.vault('company');
  vault.allow(application.clientId);
  return {
    settings: { tls__extraCaPath: authority, ...settingsFor(vault, application) },
    env: cloud.environment,
    halt: () => {
      cloud.disconnect();
      return Promise.resolve();
    },
    resume: () => {
      cloud.reachable = true;
      return Promise.resolve();
    },
    stop: async () => {
      cloud.stop();
      await folder.remove();
    },
  };
}

const credentials = (
  branch: string,
  { uri, tenantId }: KeyVaultDouble,
  { clientId, secrets }: EntraApplication,
): Record<string, string> => ({
  [`${branch}__azureKeyvaultUri`]: uri,
  [`${branch}__azureKeyvaultAdTenantId`]: tenantId,
  [`${branch}__azureKeyvaultAdAppId`]: clientId,
  [`${branch}__azureKeyvaultAdSecret`]: [...secrets].join(''),
});

describeServingWith('a key in Azure Key Vault', always, () =>
  inAzure((vault, application) => {
    vault.addKey('key-connector', { bits: 3072 });
    return {
      rsaKey__provider: 'azurekv',
      rsaKey__azureKeyvaultKeyName: 'key-connector',
      ...credentials('rsaKey', vault, application),
      certificate__filesystemPath: '/nonexistent',
    };
  }),
);

describeServingWith('a certificate in Azure Key Vault', always, () =>
  inAzure((vault, application) => {
    vault.addSecret('key-connector', makeKeyPfx('').toString('base64'));
    return {
      rsaKey__provider: 'certificate',
      certificate__provider: 'azurekv',
      certificate__azureKeyvaultCertificateName: 'key-connector',
      ...credentials('certificate', vault, application),
    };
  }),
);
