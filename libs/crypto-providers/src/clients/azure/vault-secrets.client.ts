import { SecretClient } from '@azure/keyvault-secrets';
import { KeyConnectorError } from '@key-connector/common';
import { z } from 'zod';
import { withinDeadline } from '../../contract/deadline.js';
import { vaultClientOptions } from './client.options.js';
import { entraCredential } from './entra.credential.js';
import type { VaultAccess } from './vault-access.js';
import { vaultFailure } from './vault.failure.js';

/** One version of a secret. */
export interface VaultSecret {
  /** The vault's name for this version: `https://<vault>/secrets/<name>/<version>`. */
  readonly id: string;
  readonly value: string;
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
export class VaultSecretsClient {
  private readonly secrets: SecretClient;

  constructor(
    private readonly access: VaultAccess,
    private readonly name: string,
    private readonly timeoutSeconds: number,
  ) {
    const credential = entraCredential(access, timeoutSeconds);
    this.secrets = new SecretClient(access.vaultUri, credential, vaultClientOptions(access, timeoutSeconds));
  }

  /** One version, or the current one; within the deadline, and failing with an error of ours. */
  get(version?: string): Promise<VaultSecret> {
    const abortSignal = AbortSignal.timeout(this.timeoutSeconds * 1000);
    const options = { abortSignal, ...(version !== undefined && { version }) };
    const subject = `the secret of the certificate ${this.name}${version === undefined ? '' : `, version ${version},`}`;
    const secret = this.secrets.getSecret(this.name, options).then(
      (given) => {
        const { value, properties } = answer.parse(given);
        return { value, contentType: undefined, ...properties };
      },
      (error: unknown) => {
        if (error instanceof KeyConnectorError) throw error;
        throw vaultFailure(error, { access: this.access, subject, permission: 'secrets/get' });
      },
    );
    return withinDeadline(secret, this.timeoutSeconds, this.access.vaultUri);
  }
}
