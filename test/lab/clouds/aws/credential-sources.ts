import { json, type ListeningDouble, startDouble } from '../http-double.ts';
import type { AwsSession } from './aws-account.ts';

/** The endpoint that ECS and EKS give a container: credentials for whoever shows the authorization token. */
export function startContainerCredentials(session: AwsSession, authorization: () => string): Promise<ListeningDouble> {
  return startDouble(({ headers }) =>
    headers.authorization === authorization() ? json(200, temporary(session)) : { status: 401 },
  );
}

/** The instance metadata service of EC2, version 2: a session token first, then role and credentials. */
export function startInstanceMetadata(session: AwsSession): Promise<ListeningDouble> {
  const metadataSession = 'metadata-session';
  const role = '/latest/meta-data/iam/security-credentials/';
  return startDouble(({ method, url: { pathname }, headers }) => {
    if (method === 'PUT' && pathname === '/latest/api/token') return { status: 200, body: metadataSession };
    if (headers['x-aws-ec2-metadata-token'] !== metadataSession) return { status: 401 };
    if (pathname === role) return { status: 200, body: 'key-connector' };
    if (pathname === `${role}key-connector`) return json(200, { Code: 'Success', ...temporary(session) });
    return { status: 404 };
  });
}

function temporary({ accessKeyId, secretAccessKey, sessionToken }: AwsSession): object {
  const Expiration = new Date(Date.now() + 3_600_000).toISOString();
  return { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration };
}
