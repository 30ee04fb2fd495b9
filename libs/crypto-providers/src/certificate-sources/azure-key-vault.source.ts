import { newestEnabled } from '../clients/azure/newest-enabled.js';
import { recordedVersions } from '../clients/azure/recorded-versions.js';
import { type VaultSecret, VaultSecretsClient } from '../clients/azure/vault-secrets.client.js';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';
import type { AzureKeyVaultSourceSettings } from './azure-key-vault.source.settings.js';
import type { KeyFileSource, ReadOptions } from '../key-files/key-file.js';

/** Base64 in one line or in several (RFC 4648, section 4). */
const base64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The certificate part of a key reference, before the name of the version in the vault. */
const beforeVersion = /^[^@]*@/;

/**
 * Reads a certificate's secret, which holds its private key too: the version that the settings name, else the one that
 * the wrappings in the database name, else the current one.
 */
export async function readFromAzureKeyVault(
  { access, name, version }: AzureKeyVaultSourceSettings,
  { timeoutSeconds, recorded }: ReadOptions,
): Promise<KeyFileSource> {
  const client = new VaultSecretsClient(access, name, timeoutSeconds);
  const references = recorded.map((reference) => reference.replace(beforeVersion, ''));
  const [first, ...others] =
    version === undefined
      ? recordedVersions(references, { collection: 'secrets', name, vaultUri: access.vaultUri })
      : [version];
  const secret = await (first === undefined
    ? client.get()
    : newestEnabled([first, ...others], (one) => client.get(one)));
  return { origin: secret.id, bytes: decode(secret), version: secret.id };
}

/** PKCS#12 in base64, or PEM as it is: the vault gives either, as the certificate's policy says. */
function decode({ id, value, contentType }: VaultSecret): Buffer {
  if (value.includes('-----BEGIN ')) return Buffer.from(value, 'utf8');
  const text = value.replaceAll(/\s+/g, '');
  if (base64.test(text)) return Buffer.from(text, 'base64');
  throw new KeyProviderMisconfigured(
    `The secret ${id} (${contentType ?? 'of no content type'}) holds neither PKCS#12 in base64 nor PEM; ` +
      'name an exportable certificate in certificate__azureKeyvaultCertificateName.',
  );
}
