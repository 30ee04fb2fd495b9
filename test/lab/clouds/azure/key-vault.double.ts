import {
  constants,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { type DoubleAnswer, type DoubleRequest, json } from '../http-double.js';
import type { EntraDouble } from './entra.double.js';

/** What the owner of a key or secret can set on a version; times in seconds since 1970. */
export interface VersionAttributes {
  enabled: boolean;
  nbf?: number;
  exp?: number;
}

/** One version of a key. */
export interface VaultKeyVersion {
  readonly version: string;
  /** `https://<vault>/keys/<name>/<version>` */
  readonly id: string;
  readonly kind: 'RSA' | 'RSA-HSM' | 'EC';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  operations: string[];
  readonly created: number;
  readonly attributes: VersionAttributes;
}

/** One version of a secret; a certificate's secret holds its private key too. */
export interface VaultSecretVersion {
  readonly version: string;
  readonly id: string;
  readonly value: string;
  readonly contentType: string;
  readonly created: number;
  readonly attributes: VersionAttributes;
}

/** How the vault answers from now on. */
export type VaultFault = 'none' | 'throttled' | 'failing' | 'silent';

const everyPermission = ['keys/get', 'keys/list', 'keys/unwrapKey', 'keys/decrypt', 'secrets/get', 'secrets/list'];
const oaepHashes: Readonly<Record<string, string>> = { 'RSA-OAEP': 'sha1', 'RSA-OAEP-256': 'sha256' };
const pageSize = 2;

/**
 * Azure Key Vault or Managed HSM, as its public REST reference describes it, with real RSA keys: the challenge, tokens
 * checked with the Entra that gave them, permissions, versions, attributes, soft delete and throttling.
 */
export class KeyVaultDouble {
  /** What is asked of it, as `POST /keys/…`, once the token was found good. */
  readonly requests: string[] = [];
  /** How often it asked for a token, or for another one. */
  challenges = 0;
  fault: VaultFault = 'none';
  private readonly keys = new Map<string, VaultKeyVersion[]>();
  private readonly secrets = new Map<string, VaultSecretVersion[]>();
  private readonly permissions = new Map<string, Set<string>>();
  /** Seconds that versions get as their creation time: later ones are newer. */
  private clock = 1_700_000_000;

  constructor(
    readonly host: string,
    private readonly entra: EntraDouble,
    private readonly loginHost: string,
  ) {}

  /** For the settings. */
  get uri(): string {
    return `https://${this.host}`;
  }

  /** The tenant that the vault belongs to. */
  get tenantId(): string {
    return this.entra.tenantId;
  }

  /** Lets an application in; an empty list takes everything away. */
  allow(clientId: string, permissions: readonly string[] = everyPermission): void {
    this.permissions.set(clientId, new Set(permissions));
  }

  /** Makes a key, or the next version of it. */
  addKey(name: string, options: { kind?: VaultKeyVersion['kind']; bits?: number } = {}): VaultKeyVersion {
    const { kind = 'RSA', bits = 2048 } = options;
    const pair =
      kind === 'EC'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: bits });
    const operations =
      kind === 'EC' ? ['sign', 'verify'] : ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'];
    const key: VaultKeyVersion = { ...this.nextVersion('keys', name), kind, ...pair, operations };
    this.keys.set(name, [...(this.keys.get(name) ?? []), key]);
    return key;
  }

  /** Sets a secret, or the next version of it, as a certificate's renewal does. */
  addSecret(name: string, value: string, contentType = 'application/x-pkcs12'): VaultSecretVersion {
    const secret = { ...this.nextVersion('secrets', name), value, contentType };
    this.secrets.set(name, [...(this.secrets.get(name) ?? []), secret]);
    return secret;
  }

  /** Deletes a key or secret with all its versions; as in the cloud, single versions cannot be deleted. */
  delete(name: string): void {
    this.keys.delete(name);
    this.secrets.delete(name);
  }

  /** Answers one request; `undefined` for none at all. */
  handle(request: DoubleRequest): DoubleAnswer | undefined {
    const { url, headers } = request;
    if (this.fault === 'silent') return undefined;
    if (this.fault === 'throttled')
      return failure(429, 'Throttled', 'Request was not processed because too many requests were received.', {
        headers: { 'retry-after': '60' },
      });
    if (this.fault === 'failing') return failure(503, 'ServiceUnavailable', 'The service is unavailable.');

    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) return this.challenge('AKV10000: Request is missing a Bearer or PoP token.');
    const caller = this.entra.check(token, this.resource);
    if ('refused' in caller) return this.challenge(caller.refused);
    if (!/^\d+\.\d+$|^20\d\d-\d\d-\d\d$/.test(url.searchParams.get('api-version') ?? ''))
      return failure(400, 'BadParameter', 'api-version must be specified');
    this.requests.push(`${request.method} ${url.pathname}`);
    const granted = this.permissions.get(caller.clientId) ?? new Set();
    return this.route(request, (permission) => granted.has(permission));
  }

  private route(request: DoubleRequest, has: (permission: string) => boolean): DoubleAnswer {
    const [, collection, name = '', second = '', action, ...rest] = request.url.pathname.split('/');
    if (collection !== 'keys' && collection !== 'secrets') return failure(404, 'NotFound', 'No such path.');
    if (rest.length > 0) return failure(404, 'NotFound', 'No such path.');
    const versions = (collection === 'keys' ? this.keys : this.secrets).get(name);
    if (request.method === 'GET' && second === 'versions') {
      if (!has(`${collection}/list`)) return this.forbidden(`${collection} list`);
      return versions === undefined ? notFound(collection, name) : this.list(request.url, versions);
    }
    const operation = request.method === 'GET' ? 'get' : { unwrapkey: 'unwrapKey', decrypt: 'decrypt' }[action ?? ''];
    if (operation === undefined) return failure(404, 'NotFound', 'No such path.');
    if (!has(`${collection}/${operation}`)) return this.forbidden(`${collection} ${operation}`);
    const found = second === '' ? versions?.at(-1) : versions?.find(({ version }) => version === second);
    if (found === undefined) return notFound(collection, second === '' ? name : `${name}/${second}`);
    if ('value' in found) return getSecret(found);
    return operation === 'get' ? json(200, keyBundle(found)) : useKey(request, found, operation);
  }

  private get resource(): string {
    const suffix = this.host.split('.').slice(1).join('.');
    return `https://${/^(vault|managedhsm)\./.test(suffix) ? suffix : 'vault.azure.net'}`;
  }

  private challenge(message: string): DoubleAnswer {
    this.challenges += 1;
    const authority = `https://${this.loginHost}/${this.entra.tenantId}`;
    const header = `Bearer authorization="${authority}", resource="${this.resource}"`;
    return failure(401, 'Unauthorized', message, { headers: { 'www-authenticate': header } });
  }

  private forbidden(permission: string): DoubleAnswer {
    const message = `The application does not have ${permission} permission on key vault '${this.host}'.`;
    return failure(403, 'Forbidden', message, { inner: 'AccessDenied' });
  }

  private list(url: URL, versions: readonly (VaultKeyVersion | VaultSecretVersion)[]): DoubleAnswer {
    const skip = Number(url.searchParams.get('$skiptoken') ?? 0);
    const value = versions.slice(skip, skip + pageSize).map((one) => ({
      ...('value' in one ? { id: one.id, contentType: one.contentType } : { kid: one.id }),
      attributes: attributesOf(one),
    }));
    const next = new URL(url);
    next.searchParams.set('$skiptoken', String(skip + pageSize));
    return json(200, { value, nextLink: skip + pageSize < versions.length ? next.href : null });
  }

  private nextVersion(
    collection: string,
    name: string,
  ): { version: string; id: string; created: number; attributes: VersionAttributes } {
    const version = randomBytes(16).toString('hex');
    this.clock += 60;
    const id = `${this.uri}/${collection}/${name}/${version}`;
    return { version, id, created: this.clock, attributes: { enabled: true } };
  }
}

/** Disabled, a private key does nothing; expired or not valid yet, it still opens what was wrapped before. */
function useKey(request: DoubleRequest, key: VaultKeyVersion, operation: string): DoubleAnswer {
  if (request.headers['content-type'] !== 'application/json')
    return failure(415, 'UnsupportedMediaType', 'The content type must be application/json.');
  if (!key.attributes.enabled)
    return failure(403, 'Forbidden', `Operation ${operation} is not allowed on a disabled key.`, {
      inner: 'KeyDisabled',
    });
  if (!key.operations.includes(operation))
    return failure(403, 'Forbidden', `Operation ${operation} is not permitted on this key.`, {
      inner: 'KeyOperationForbidden',
    });
  const { alg, value } = JSON.parse(request.body) as { alg?: string; value?: string };
  const oaepHash = oaepHashes[alg ?? ''];
  if (oaepHash === undefined || value === undefined || !/^[\w-]+$/.test(value))
    return failure(400, 'BadParameter', 'The parameter is incorrect.');
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const plain = privateDecrypt({ key: key.privateKey, padding, oaepHash }, Buffer.from(value, 'base64url'));
    return json(200, { kid: key.id, value: plain.toString('base64url') });
  } catch {
    return failure(400, 'BadParameter', 'The parameter is incorrect.');
  }
}

function getSecret(secret: VaultSecretVersion): DoubleAnswer {
  const { enabled, nbf = 0, exp = Infinity } = secret.attributes;
  const now = Date.now() / 1000;
  const refused = (state: string, inner: string): DoubleAnswer =>
    failure(403, 'Forbidden', `Operation get is not allowed on a ${state} secret.`, { inner });
  if (!enabled) return refused('disabled', 'SecretDisabled');
  if (now < nbf) return refused('not yet valid', 'SecretNotYetValid');
  if (now >= exp) return refused('expired', 'SecretExpired');
  const { id, value, contentType } = secret;
  return json(200, { id, value, contentType, attributes: attributesOf(secret), managed: true });
}

function keyBundle(key: VaultKeyVersion): object {
  const jwk: JsonWebKey = key.publicKey.export({ format: 'jwk' });
  return {
    key: { ...jwk, kid: key.id, kty: key.kind, key_ops: key.operations },
    attributes: attributesOf(key),
  };
}

function attributesOf({ attributes, created }: VaultKeyVersion | VaultSecretVersion): object {
  return { ...attributes, created, updated: created, recoveryLevel: 'Recoverable', recoverableDays: 90 };
}

function notFound(collection: string, name: string): DoubleAnswer {
  const [code, kind] = collection === 'keys' ? ['KeyNotFound', 'key'] : ['SecretNotFound', 'secret'];
  return failure(404, code, `A ${kind} with (name/id) ${name} was not found in this key vault.`);
}

function failure(
  status: number,
  code: string,
  message: string,
  { inner, headers }: { inner?: string; headers?: Record<string, string> } = {},
): DoubleAnswer {
  return json(status, { error: { code, message, ...(inner && { innererror: { code: inner } }) } }, headers);
}
