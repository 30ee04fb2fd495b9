import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, verify } from 'node:crypto';
import { type DoubleAnswer, type DoubleRequest, json, type ListeningDouble, startDouble } from '../http-double.ts';

/** The JSON file of a service account's key, as an operator downloads it. */
export interface ServiceAccountKey {
  readonly type: 'service_account';
  readonly client_email: string;
  readonly private_key: string;
  readonly private_key_id: string;
  readonly project_id: string;
  readonly token_uri: string;
}

const scope = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Google's identity services as far as Application Default Credentials use them: keys of service accounts, which sign
 * their own access tokens (RFC 7523), the Security Token Service for federated workloads (RFC 8693), and the metadata
 * server of a virtual machine or of GKE. It decides which access tokens are good.
 */
export class GoogleIdentityDouble {
  /** Subject tokens that the Security Token Service exchanges, open to changes. */
  readonly federated = new Set<string>();
  /** How often a token was given out, by the kind of credentials. */
  readonly issued = { federated: 0, metadata: 0 };
  /** Seconds that a token is good for; clients take a new one five minutes before. */
  lifetime = 3600;
  private readonly accounts = new Map<string, KeyObject>();
  private readonly tokens = new Set<string>();
  private listening: ListeningDouble | undefined;

  static async start(): Promise<GoogleIdentityDouble> {
    const double = new GoogleIdentityDouble();
    double.listening = await startDouble((request) => {
      const answer = double.answer(request);
      return { ...answer, headers: { ...answer.headers, 'metadata-flavor': 'Google' } };
    });
    return double;
  }

  get port(): number {
    return this.listening?.port ?? 0;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The audience of a workload identity pool. */
  readonly audience = '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/cluster';

  /** The configuration of a federated workload, whose subject token is read from a file. */
  externalAccount(tokenFile: string): object {
    return {
      type: 'external_account',
      audience: this.audience,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `http://${this.host}/v1/token`,
      credential_source: { file: tokenFile },
    };
  }

  createServiceAccountKey(): ServiceAccountKey {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const email = `key-connector-${randomUUID()}@project.iam.gserviceaccount.com`;
    this.accounts.set(email, publicKey);
    return {
      type: 'service_account',
      client_email: email,
      private_key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      private_key_id: randomBytes(20).toString('hex'),
      project_id: 'project',
      token_uri: `http://${this.host}/token`,
    };
  }

  /** Deletes a service account: what it signs is worth nothing any more. */
  deleteServiceAccount({ client_email }: ServiceAccountKey): void {
    this.accounts.delete(client_email);
  }

  /** Makes every token worthless that was given out so far. */
  revokeTokens(): void {
    this.tokens.clear();
  }

  /** Whether a call with this `authorization` header is made by somebody known. */
  knows(authorization: string): boolean {
    const token = authorization.replace(/^Bearer /, '');
    return this.tokens.has(token) || this.signedByAccount(token);
  }

  async stop(): Promise<void> {
    await this.listening?.stop();
  }

  private signedByAccount(token: string): boolean {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}') as Record<string, unknown>;
    const key = this.accounts.get(String(claims['iss']));
    const good = key && verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
    return good === true && includesScope(claims['scope']) && Number(claims['exp']) > Date.now() / 1000;
  }

  private answer({ method, url: { pathname }, headers, body }: DoubleRequest): DoubleAnswer {
    if (method === 'POST' && pathname === '/v1/token') return this.exchange(new URLSearchParams(body));
    if (headers['metadata-flavor'] !== 'Google') return json(403, { error: 'no Metadata-Flavor' });
    if (pathname.endsWith('/service-accounts/default/token')) return json(200, this.issue('metadata'));
    if (pathname.endsWith('/universe/universe-domain')) return { status: 200, body: 'googleapis.com' };
    if (pathname.endsWith('/project/project-id')) return { status: 200, body: 'project' };
    if (pathname === '/computeMetadata/v1/instance') return { status: 200, body: '{}' };
    return json(404, {});
  }

  private exchange(form: URLSearchParams): DoubleAnswer {
    const asked =
      form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:token-exchange' &&
      form.get('audience') === this.audience &&
      includesScope(form.get('scope'));
    if (!asked || !this.federated.has(form.get('subject_token') ?? ''))
      return json(400, { error: 'invalid_grant', error_description: 'The subject token is not accepted.' });
    const issued_token_type = 'urn:ietf:params:oauth:token-type:access_token';
    return json(200, { ...this.issue('federated'), issued_token_type });
  }

  private issue(kind: keyof GoogleIdentityDouble['issued']): object {
    this.issued[kind] += 1;
    const access_token = randomBytes(24).toString('base64url');
    this.tokens.add(access_token);
    return { access_token, expires_in: this.lifetime, token_type: 'Bearer' };
  }
}

function includesScope(scopes: unknown): boolean {
  return String(scopes).split(' ').includes(scope);
}
