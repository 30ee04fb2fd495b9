import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { listen } from './listen.ts';

/** An identity server with discovery and one signing key, for this run only. */
export interface BenchIssuer extends AsyncDisposable {
  readonly uri: string;
  /** An access token as Bitwarden's identity server gives after single sign-on, about 900 bytes. */
  token(userId: string): Promise<string>;
}

// Runs in libuv's thread pool: 20,000 RSA signatures take every core, not one.
const signInThreadPool = promisify<string, Buffer, KeyObject, Buffer>(sign);
const lifetimeSeconds = 3600;

/** Starts an issuer on a free port of 127.0.0.1. */
export async function startIssuer(): Promise<BenchIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const thumbprint = createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
  const kid = `${thumbprint.toString('hex').toUpperCase()}RS256`;
  const header = encode({ alg: 'RS256', kid, typ: 'at+jwt' });

  const documents = new Map<string | undefined, unknown>();
  const server = createServer((request, response) => {
    const document = documents.get(request.url);
    response.writeHead(document ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  const uri = `http://127.0.0.1:${await listen(server)}`;
  documents.set('/.well-known/openid-configuration', { issuer: uri, jwks_uri: `${uri}/jwks` });
  documents.set('/jwks', { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid }] });

  return {
    uri,
    async token(userId) {
      const signed = `${header}.${encode(claims(uri, userId))}`;
      const signature = await signInThreadPool('RSA-SHA256', Buffer.from(signed), privateKey);
      return `${signed}.${signature.toString('base64url')}`;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function claims(issuer: string, userId: string): unknown {
  const now = Math.floor(Date.now() / 1000);
  return {
    nbf: now,
    exp: now + lifetimeSeconds,
    iss: issuer,
    client_id: 'browser',
    scope: ['api', 'offline_access'],
    amr: ['external'],
    auth_time: now,
    sub: userId,
    idp: 'sso',
    premium: false,
    email: `${userId.slice(0, 8)}@members.example`,
    device: randomUUID(),
    jti: randomUUID().replaceAll('-', '').toUpperCase(),
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
