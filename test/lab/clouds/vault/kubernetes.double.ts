import { createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { TlsCertificate } from '../../files/certificate.ts';
import { type DoubleAnswer, type DoubleRequest, json, type ListeningDouble, startDouble } from '../http-double.ts';

interface Account {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * The one call of a Kubernetes API server that Vault's auth method makes: TokenReview (authentication.k8s.io/v1). It
 * knows the service accounts' tokens that it gave out, and answers nobody but its reviewer.
 */
export class KubernetesDouble {
  /** The token that a TokenReview must be asked with. */
  readonly reviewer = randomUUID();
  private readonly accounts = new Map<string, Account>();
  private readonly key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  private listening: ListeningDouble | undefined;

  static async start(certificate: TlsCertificate): Promise<KubernetesDouble> {
    const double = new KubernetesDouble();
    double.listening = await startDouble((request) => double.answer(request), certificate);
    return double;
  }

  get url(): string {
    return `https://127.0.0.1:${this.listening?.port ?? 0}`;
  }

  /** The key that its tokens verify with, as a cluster publishes it. */
  get publicKeyPem(): string {
    return createPublicKey(this.key).export({ format: 'pem', type: 'spki' }).toString();
  }

  /** A projected token of a service account, good for an hour, for this audience. */
  tokenOf(namespace: string, name: string, audience = 'openbao'): string {
    const account = { namespace, name, uid: randomUUID() };
    const now = Math.floor(Date.now() / 1000);
    const head = encode({ alg: 'ES256', typ: 'JWT' });
    const claims = encode({
      aud: [audience],
      exp: now + 3600,
      iat: now,
      nbf: now,
      iss: 'https://kubernetes.default.svc.cluster.local',
      sub: `system:serviceaccount:${namespace}:${name}`,
      'kubernetes.io': { namespace, serviceaccount: { name, uid: account.uid } },
    });
    const signature = sign('sha256', Buffer.from(`${head}.${claims}`), { key: this.key, dsaEncoding: 'ieee-p1363' });
    const token = `${head}.${claims}.${signature.toString('base64url')}`;
    this.accounts.set(token, account);
    return token;
  }

  /** Takes none of the tokens so far any more, as after their hour. */
  forgetTokens(): void {
    this.accounts.clear();
  }

  async stop(): Promise<void> {
    await this.listening?.stop();
  }

  private answer({ method, url, headers, body }: DoubleRequest): DoubleAnswer {
    if (headers.authorization !== `Bearer ${this.reviewer}`) return json(403, {});
    if (method !== 'POST' || url.pathname !== '/apis/authentication.k8s.io/v1/tokenreviews') return json(404, {});
    const { spec } = JSON.parse(body) as { spec: { token: string; audiences?: string[] } };
    const status = this.review(spec.token, spec.audiences ?? []);
    return json(201, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status });
  }

  private review(token: string, audiences: readonly string[]): object {
    const account = this.accounts.get(token);
    if (account === undefined) return { authenticated: false, error: 'token is not known' };
    return {
      authenticated: true,
      audiences,
      user: {
        username: `system:serviceaccount:${account.namespace}:${account.name}`,
        uid: account.uid,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`, 'system:authenticated'],
      },
    };
  }
}
