import { SecretClient } from '@azure/keyvault-secrets';
import { KeyConnectorError, Secret } from '@key-connector/common';
import { z } from 'zod';
import { withinDeadline } from '../../contract/deadline.js';
import type { AzureVaultAccess } from './azure-vault-access.js';
import { azureErrorOf } from './azure.errors.js';
import { azureClientOptions, entraCredential } from './entra-credential.js';

/** One version of a secret. */
export interface AzureSecret {
  /** The vault's name for this version: `https://<vault>/secrets/<name>/<version>`. */
  readonly id: string;
  /** PKCS#12 in base64, or PEM. */
  readonly value: Secret;
  readonly contentType: string | undefined;
  readonly enabled: boolean;
  readonly createdOn: Date;
}

/** What is used of the SDK's KeyVaultSecret. */
const answer = z.object({
  value: z.string(),
  properties: z.object({
    id: z.string(),
    contentType: z.string().optional(),
    enabled: z.boolean().default(true),
    createdOn: z.date().default(new Date(0)),
  }),
});

/** The versions of the secret that belongs to one certificate. */
export class AzureSecretsClient {
  /** Private to the engine too, so that whoever prints this prints no credential. */
  readonly #secrets: SecretClient;

  constructor(
    private readonly access: AzureVaultAccess,
    private readonly name: string,
    private readonly timeoutSeconds: number,
  ) {
    const credential = entraCredential(access, timeoutSeconds);
    this.#secrets = new SecretClient(access.vaultUri, credential, azureClientOptions(access, timeoutSeconds));
  }

  /** One version, or the current one; within the deadline, and failing with an error of ours. */
  get(version?: string): Promise<AzureSecret> {
    const abortSignal = AbortSignal.timeout(this.timeoutSeconds * 1000);
    const options = { abortSignal, ...(version !== undefined && { version }) };
    const subject = `the secret of the certificate ${this.name}${version === undefined ? '' : `, version ${version},`}`;
    const secret = this.#secrets.getSecret(this.name, options).then(
      (given) => {
        const { value, properties } = answer.parse(given);
        return { value: new Secret(value), contentType: undefined, ...properties };
      },
      (error: unknown) => {
        if (error instanceof KeyConnectorError) throw error;
        throw azureErrorOf(error, { access: this.access, subject, permission: 'secrets/get' });
      },
    );
    return withinDeadline(secret, this.timeoutSeconds, this.access.vaultUri);
  }
}
