import { awsKmsFields } from './providers/aws-kms/aws-kms.fields.js';
import { azureKeyVaultFields } from './providers/azure-key-vault/azure-key-vault.fields.js';
import { certificateSettingsSchema, certificateSourceFields } from './certificate-sources/certificate.settings.js';
import { googleCloudKmsFields } from './providers/google-cloud-kms/google-cloud-kms.fields.js';
import type { keyProviderKinds } from './rsa-key.settings.js';
import { rsaKeySettingsSchema } from './rsa-key.settings.js';
import { pkcs11Fields } from './providers/pkcs11/pkcs11.fields.js';
import { vaultTransitFields } from './providers/vault-transit/vault-transit.fields.js';

type OwnProvider = (typeof keyProviderKinds)[number];

/** The settings under `rsaKey__` that one provider alone looks at. */
const rsaKeyFields: Readonly<Record<OwnProvider, object>> = {
  certificate: {},
  azurekv: azureKeyVaultFields,
  gcpkms: googleCloudKmsFields,
  awskms: awsKmsFields,
  pkcs11: pkcs11Fields,
  vaulttransit: vaultTransitFields,
};

/** Those that read a certificate. */
const readersOfCertificates: readonly string[] = ['certificate', 'pkcs11'] satisfies OwnProvider[];

/** `rsaKey__provider` and `certificate__provider` as they were given; `undefined` for their defaults. */
export interface GivenProviders {
  readonly rsaKey: unknown;
  readonly certificate: unknown;
}

/**
 * The settings that the chosen provider does not look at, as paths from the root of the tree. Existing deployments keep
 * them, with values that nobody has looked at for years: they must not end a start. None where a choice is wrong itself.
 */
export function leftoverSettings(given: GivenProviders): string[][] {
  const provider = rsaKeySettingsSchema.shape.provider.safeParse(given.rsaKey).data;
  if (provider === undefined) return [];
  const ofRsaKey = namesOfOthers(rsaKeyFields, provider).map((name) => ['rsaKey', name]);
  const { shape } = certificateSettingsSchema;
  if (!readersOfCertificates.includes(provider))
    return [...ofRsaKey, ...Object.keys(shape).map((name) => ['certificate', name])];
  const source = shape.provider.safeParse(given.certificate).data;
  if (source === undefined) return ofRsaKey;
  return [...ofRsaKey, ...namesOfOthers(certificateSourceFields, source).map((name) => ['certificate', name])];
}

const namesOfOthers = (fields: Readonly<Record<string, object>>, chosen: string): string[] =>
  Object.entries(fields).flatMap(([owner, own]) => (owner === chosen ? [] : Object.keys(own)));
