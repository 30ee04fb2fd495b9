import { text } from '@key-connector/common';
import type { AzureSecret } from '../clients/azure/azure-secrets.client.js';
import { azureVaultFields, chooseAzureVaultAccess } from '../clients/azure/azure-vault-access.js';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';
import { required } from '../contract/required-settings.js';
import { defineCertificateSource } from './certificate-source.js';

/**
 * An exportable certificate in Azure Key Vault. Its secret holds the private key too: the version that the settings
 * name is read, else the one that the wrappings in the database name, else the current one.
 */
export const azureKeyVault = defineCertificateSource({
  kind: 'azurekv',
  fields: {
    ...azureVaultFields,
    azureKeyvaultCertificateName: text('Azure Key Vault: the name of the exportable certificate.').optional(),
    azureKeyvaultCertificateVersion: text(
      'Azure Key Vault: the version of the certificate. Not given: the one that the data keys are wrapped with; at the first start, the current one.',
    ).optional(),
  },

  choose: (certificate, report) => {
    const access = chooseAzureVaultAccess('certificate', certificate, report);
    const missing = { azureKeyvaultCertificateName: 'the name of the certificate in the vault' };
    const given = required('certificate', certificate, missing, report);
    if (access === undefined || given === undefined) return undefined;
    return { access, name: given.azureKeyvaultCertificateName, version: certificate.azureKeyvaultCertificateVersion };
  },

  describe: ({ access, name }) => `${name} in ${access.vaultUri}`,

  read: async ({ access, name, version }, { timeoutSeconds, recordedKeyReferences }) => {
    const { AzureSecretsClient } = await import('../clients/azure/azure-secrets.client.js');
    const { newestEnabled, recordedVersions } = await import('../clients/azure/recorded-versions.js');
    const client = new AzureSecretsClient(access, name, timeoutSeconds);
    const references = recordedKeyReferences.map((reference) => reference.replace(beforeVersion, ''));
    const [first, ...others] =
      version === undefined
        ? recordedVersions(references, { collection: 'secrets', name, vaultUri: access.vaultUri })
        : [version];
    const secret = await (first === undefined
      ? client.get()
      : newestEnabled([first, ...others], (one) => client.get(one)));
    return { origin: secret.id, bytes: decode(secret), version: secret.id };
  },
});

/** Base64 in one line or in several (RFC 4648, section 4). */
const base64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The certificate part of a key reference, before the name of the version in the vault. */
const beforeVersion = /^[^@]*@/;

/** PKCS#12 in base64, or PEM as it is: the vault gives either, as the certificate's policy says. */
function decode({ id, value, contentType }: AzureSecret): Buffer {
  const given = value.reveal();
  if (given.includes('-----BEGIN ')) return Buffer.from(given, 'utf8');
  const encoded = given.replaceAll(/\s+/g, '');
  if (base64.test(encoded)) return Buffer.from(encoded, 'base64');
  throw new KeyProviderMisconfigured(
    `The secret ${id} (${contentType ?? 'of no content type'}) holds neither PKCS#12 in base64 nor PEM; ` +
      'name an exportable certificate in certificate__azureKeyvaultCertificateName.',
  );
}
