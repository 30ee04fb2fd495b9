import {
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import { type DoubleAnswer, type DoubleRequest, json } from '../http-double.js';

/** An application or managed identity that may ask for tokens. */
export interface EntraApplication {
  readonly clientId: string;
  /** Client secrets that are accepted, open to changes. */
  readonly secrets: Set<string>;
  /** Issuers whose assertions are accepted (workload identity), open to changes. */
  readonly federated: { readonly issuer: string; readonly subject: string; readonly publicKey: KeyObject }[];
}

/** What a token says that the double has found genuine. */
export interface Caller {
  readonly clientId: string;
}

interface Refusal {
  readonly refused: string;
}

/** The audience of an assertion that is exchanged for a token. */
const exchangeAudience = 'api://AzureADTokenExchange';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Microsoft Entra ID as far as services use it: tokens for a client secret, a federated assertion or a managed
 * identity, refused as Entra refuses them, with its AADSTS codes. Source: the public protocol reference of the identity
 * platform.
 */
export class EntraDouble {
  readonly tenantId = randomUUID();
  /** Seconds that a token is good for. */
  tokenLifetime = 3600;
  /** Tokens given out, by how they were asked for. */
  readonly issued: ('secret' | 'assertion' | 'managed identity')[] = [];
  /** True: answers 503 as Entra does in an outage. */
  down = false;
  private readonly applications: EntraApplication[] = [];
  private readonly key = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly kid = randomUUID();

  /** Registers an application; its one secret is in `secrets`. */
  register(): EntraApplication {
    const application = { clientId: randomUUID(), secrets: new Set([`s~${randomUUID()}`]), federated: [] };
    this.applications.push(application);
    return application;
  }

  /** The endpoints of `login.microsoftonline.com` and its sovereign counterparts. */
  login(request: DoubleRequest): DoubleAnswer {
    const { url } = request;
    if (this.down) return refusal(503, 'temporarily_unavailable', 'AADSTS90033: A transient error has occurred.');
    if (url.pathname === '/common/discovery/instance') return this.instanceDiscovery(url);
    const [, tenant = '', ...rest] = url.pathname.split('/');
    if (tenant !== this.tenantId)
      return refusal(
        400,
        'invalid_request',
        `AADSTS90002: Tenant '${tenant}' not found. Check to make sure it is right.`,
      );
    const path = rest.join('/');
    if (path === 'v2.0/.well-known/openid-configuration') return json(200, this.metadata(url.origin));
    if (path === 'discovery/v2.0/keys') return json(200, { keys: [this.publicJwk()] });
    if (path === 'oauth2/v2.0/token' && request.method === 'POST') return this.token(request);
    return json(404, {});
  }

  /** The instance metadata service of a virtual machine whose identity is `application`. */
  instanceMetadata(request: DoubleRequest, application: EntraApplication): DoubleAnswer {
    const { url, headers } = request;
    if (!/^\/metadata\/identity\/oauth2\/token\/?$/.test(url.pathname)) return json(404, {});
    if (headers['metadata'] !== 'true')
      return json(400, { error: 'invalid_request', error_description: 'Required metadata header not specified' });
    const clientId = url.searchParams.get('client_id');
    if (clientId !== null && clientId !== application.clientId)
      return json(400, { error: 'invalid_request', error_description: 'Identity not found' });
    const resource = url.searchParams.get('resource');
    if (resource === null || url.searchParams.get('api-version') !== '2018-02-01')
      return json(400, { error: 'invalid_request', error_description: 'Invalid api version or resource' });
    this.issued.push('managed identity');
    return json(200, {
      access_token: this.sign(application, resource.replace(/\/$/, '')),
      client_id: application.clientId,
      expires_in: String(this.tokenLifetime),
      expires_on: String(now() + this.tokenLifetime),
      resource,
      token_type: 'Bearer',
    });
  }

  /** Checks a bearer token as a resource does: signature, issuer and tenant, audience, lifetime. */
  check(token: string, audience: string): Caller | Refusal {
    const parts = parseToken(token);
    if (parts === undefined) return { refused: 'AKV10014: Token is malformed.' };
    const { header, claims } = parts;
    if (header['alg'] !== 'RS256' || header['kid'] !== this.kid || !verifies(token, this.key.publicKey))
      return { refused: 'AKV10042: The token signature could not be validated.' };
    if (claims['tid'] !== this.tenantId || claims['iss'] !== this.issuer)
      return { refused: 'AKV10032: Invalid issuer.' };
    if (claims['aud'] !== audience) return { refused: 'AKV10022: Invalid audience.' };
    if (!within(claims)) return { refused: 'AKV10035: Token has expired or is not valid yet.' };
    return { clientId: String(claims['appid']) };
  }

  private get issuer(): string {
    return `https://sts.windows.net/${this.tenantId}/`;
  }

  private token(request: DoubleRequest): DoubleAnswer {
    const form = new URLSearchParams(request.body);
    if (!(request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded'))
      return refusal(400, 'invalid_request', 'AADSTS900144: The request body must be form encoded.');
    if (form.get('grant_type') !== 'client_credentials')
      return refusal(400, 'unsupported_grant_type', 'AADSTS70003: The grant type is not supported.');
    const resource = /^(https:\/\/\S+)\/\.default$/.exec(form.get('scope') ?? '')?.[1];
    if (resource === undefined) return refusal(400, 'invalid_scope', 'AADSTS1002012: The scope is not valid.');
    const application = this.applications.find(({ clientId }) => clientId === form.get('client_id'));
    if (application === undefined)
      return refusal(400, 'unauthorized_client', 'AADSTS700016: Application was not found in the directory.');
    const refused = form.has('client_assertion')
      ? this.checkAssertion(form, application)
      : checkSecret(form, application);
    if (refused !== undefined) return refusal(401, 'invalid_client', refused);
    this.issued.push(form.has('client_assertion') ? 'assertion' : 'secret');
    const access_token = this.sign(application, resource);
    return json(200, {
      token_type: 'Bearer',
      expires_in: this.tokenLifetime,
      ext_expires_in: this.tokenLifetime,
      access_token,
    });
  }

  private checkAssertion(form: URLSearchParams, application: EntraApplication): string | undefined {
    const assertion = form.get('client_assertion') ?? '';
    const claims = parseToken(assertion)?.claims;
    if (form.get('client_assertion_type') !== assertionType || claims === undefined)
      return 'AADSTS50027: JWT token is invalid or malformed.';
    const record = application.federated.find(
      ({ issuer, subject }) => issuer === claims['iss'] && subject === claims['sub'],
    );
    if (record === undefined) return 'AADSTS700213: No matching federated identity record found for the assertion.';
    if (claims['aud'] !== exchangeAudience) return 'AADSTS700212: The audience of the assertion does not match.';
    if (!verifies(assertion, record.publicKey)) return 'AADSTS700027: The signature of the assertion failed to verify.';
    if (!within(claims)) return 'AADSTS700024: Client assertion is not within its valid time range.';
    return undefined;
  }

  private sign({ clientId }: EntraApplication, aud: string): string {
    const iat = now();
    const claims = { aud, iss: this.issuer, iat, nbf: iat, exp: iat + this.tokenLifetime };
    const who = { appid: clientId, oid: randomUUID(), tid: this.tenantId, ver: '1.0' };
    return signJwt(this.key.privateKey, { typ: 'JWT', alg: 'RS256', kid: this.kid }, { ...claims, ...who });
  }

  private publicJwk(): JsonWebKey {
    return { ...createPublicKey(this.key.publicKey).export({ format: 'jwk' }), kid: this.kid, use: 'sig' };
  }

  private metadata(origin: string): object {
    const base = `${origin}/${this.tenantId}`;
    return {
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    };
  }

  private instanceDiscovery(url: URL): DoubleAnswer {
    const authority = url.searchParams.get('authorization_endpoint') ?? '';
    const { host } = new URL(authority);
    return json(200, {
      tenant_discovery_endpoint: `https://${host}/${this.tenantId}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    });
  }
}

/** Signs a JWT with RS256, for instance the assertion of a workload. */
function signJwt(key: KeyObject, header: object, claims: object): string {
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}

/** A workload's assertion as a Kubernetes cluster writes it into the token file. */
export function workloadAssertion(
  key: KeyObject,
  claims: { readonly issuer: string; readonly subject: string; readonly lifetime?: number },
): string {
  const { issuer: iss, subject: sub, lifetime = 3600 } = claims;
  const iat = now() + Math.min(lifetime, 0);
  return signJwt(
    key,
    { alg: 'RS256', typ: 'JWT' },
    { iss, sub, aud: exchangeAudience, iat, nbf: iat, exp: now() + lifetime },
  );
}

function checkSecret(form: URLSearchParams, application: EntraApplication): string | undefined {
  const secret = form.get('client_secret');
  if (secret === null) return 'AADSTS7000218: The request body must contain client_assertion or client_secret.';
  return application.secrets.has(secret) ? undefined : 'AADSTS7000215: Invalid client secret provided.';
}

function refusal(status: number, error: string, description: string): DoubleAnswer {
  const trace = { timestamp: new Date().toISOString(), trace_id: randomUUID(), correlation_id: randomUUID() };
  const codes = /AADSTS(\d+)/.exec(description)?.slice(1).map(Number);
  return json(status, { error, error_description: description, error_codes: codes, ...trace });
}

type Claims = Readonly<Record<string, unknown>>;

function parseToken(token: string): { header: Claims; claims: Claims } | undefined {
  try {
    const [header = '', claims = ''] = token.split('.', 2).map((part) => Buffer.from(part, 'base64url').toString());
    return { header: JSON.parse(header) as Claims, claims: JSON.parse(claims) as Claims };
  } catch {
    return undefined;
  }
}

function verifies(token: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  return verify('RSA-SHA256', Buffer.from(token.slice(0, end)), key, signature);
}

const within = ({ nbf, exp }: Claims): boolean => Number(nbf) <= now() && now() < Number(exp);

const now = (): number => Math.floor(Date.now() / 1000);
