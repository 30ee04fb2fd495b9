import { awsKms } from './aws-kms/index.js';
import { azureKeyVault } from './azure-key-vault/index.js';
import { certificate } from './certificate/index.js';
import { googleCloudKms } from './google-cloud-kms/index.js';
import { pkcs11 } from './pkcs11/index.js';
import { vaultTransit } from './vault-transit/index.js';

/** Every key provider of ours, in the order of the reference. */
export const keyProviders = [certificate, azureKeyVault, googleCloudKms, awsKms, pkcs11, vaultTransit] as const;
