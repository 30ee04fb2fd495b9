import { Signer } from '@aws-sdk/rds-signer';
import { Secret } from '@key-connector/common';
import { DatabaseUnavailable } from '../errors/database.errors.js';
import type { Endpoint } from './cloud-identity.js';
import type { LoginToken } from './login-tokens.js';

/**
 * Signs tokens for one server with the credentials of AWS' default chain. No call to RDS: a token is a presigned URL.
 */
export function rdsTokens(
  { host, port }: Endpoint,
  username: string,
  region: string | undefined,
): () => Promise<LoginToken> {
  const signer = new Signer({ hostname: host, port, username, ...(region === undefined ? {} : { region }) });
  return async () => {
    try {
      const token = await signer.getAuthToken();
      return { token: new Secret(token), expiresAt: expiryOf(token) };
    } catch (error) {
      const why = error instanceof Error ? error.name : 'unknown error';
      throw new DatabaseUnavailable(
        `No RDS login token for ${host}:${port} (${why}): AWS' default chain gives no credentials to sign it with. ` +
          'Give this process a role (IRSA, Pod Identity, task role, instance profile) or the AWS_* variables.',
      );
    }
  };
}

/** From the parameters of the presigned URL (AWS Signature Version 4): when it was made, and for how many seconds. */
function expiryOf(token: string): number {
  const { searchParams } = new URL(`https://${token}`);
  const made = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(searchParams.get('X-Amz-Date') ?? '');
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = made ?? [];
  const start = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return start + Number(searchParams.get('X-Amz-Expires')) * 1000;
}
