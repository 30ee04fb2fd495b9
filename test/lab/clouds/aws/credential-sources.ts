import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AwsSession } from './aws-account.ts';
import { freePort } from '../../network/free-port.ts';

/** An address on this machine that gives credentials, as AWS platforms have one. */
export interface CredentialSource {
  readonly url: string;
  stop(): Promise<void>;
}

/** The endpoint that ECS and EKS give a container: credentials for whoever shows the authorization token. */
export function startContainerCredentials(session: AwsSession, authorization: () => string): Promise<CredentialSource> {
  return listen(({ headers }, response) => {
    if (headers.authorization === authorization()) json(response, temporary(session));
    else response.writeHead(401).end();
  });
}

/** The instance metadata service of EC2, version 2: a session token first, then role and credentials. */
export function startInstanceMetadata(session: AwsSession): Promise<CredentialSource> {
  const metadataSession = 'metadata-session';
  return listen(({ method, url, headers }, response) => {
    if (method === 'PUT' && url === '/latest/api/token') response.end(metadataSession);
    else if (headers['x-aws-ec2-metadata-token'] !== metadataSession) response.writeHead(401).end();
    else if (url === '/latest/meta-data/iam/security-credentials/') response.end('key-connector');
    else if (url === '/latest/meta-data/iam/security-credentials/key-connector')
      json(response, { Code: 'Success', ...temporary(session) });
    else response.writeHead(404).end();
  });
}

function temporary({ accessKeyId, secretAccessKey, sessionToken }: AwsSession): object {
  const Expiration = new Date(Date.now() + 3_600_000).toISOString();
  return { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration };
}

async function listen(answer: RequestListener): Promise<CredentialSource> {
  const port = await freePort();
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
