import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';

/** The issuer and its signing keys, fetched once and kept as key objects. */
export interface Issuer {
  readonly name: string;
  readonly keys: ReadonlyMap<string, KeyObject>;
}

interface Claims {
  readonly iss?: unknown;
  readonly exp?: unknown;
  readonly nbf?: unknown;
  readonly sub?: unknown;
  readonly scope?: unknown;
  readonly amr?: unknown;
}

interface Discovery {
  readonly issuer: string;
  readonly jwks_uri: string;
}

interface KeySet {
  readonly keys: readonly (JsonWebKey & { kid: string })[];
}

const clockSkewSeconds = 300;
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Reads the discovery document and the key set that it names. */
export async function fetchIssuer(identityServerUri: string): Promise<Issuer> {
  const discovery = (await fetchJson(`${identityServerUri}/.well-known/openid-configuration`)) as Discovery;
  const { keys } = (await fetchJson(discovery.jwks_uri)) as KeySet;
  return {
    name: discovery.issuer,
    keys: new Map(keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })])),
  };
}

async function fetchJson(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

/** The user id of a good token, or the status to refuse a bad one with. */
export function verifyAccessToken(issuer: Issuer, authorization: string | undefined): string | 401 | 403 {
  if (!authorization?.startsWith('Bearer ')) return 401;
  const token = authorization.slice(7);
  const headerEnd = token.indexOf('.');
  const payloadEnd = token.lastIndexOf('.');
  if (headerEnd < 1 || payloadEnd <= headerEnd) return 401;
  try {
    const header = decode(token.slice(0, headerEnd)) as { alg?: unknown; kid?: unknown };
    const key = typeof header.kid === 'string' ? issuer.keys.get(header.kid) : undefined;
    if (header.alg !== 'RS256' || !key) return 401;
    const signature = Buffer.from(token.slice(payloadEnd + 1), 'base64url');
    if (!verify('RSA-SHA256', Buffer.from(token.slice(0, payloadEnd)), key, signature)) return 401;
    return checkClaims(issuer, decode(token.slice(headerEnd + 1, payloadEnd)) as Claims);
  } catch {
    return 401;
  }
}

function checkClaims(issuer: Issuer, { iss, exp, nbf, sub, scope, amr }: Claims): string | 401 | 403 {
  const now = Date.now() / 1000;
  if (iss !== issuer.name) return 401;
  if (typeof exp !== 'number' || exp + clockSkewSeconds < now) return 401;
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf - clockSkewSeconds > now)) return 401;
  if (typeof sub !== 'string' || !guid.test(sub)) return 401;
  if (!holds(scope, 'api') || !(holds(amr, 'Application') || holds(amr, 'external'))) return 403;
  return sub;
}

function holds(claim: unknown, word: string): boolean {
  return typeof claim === 'string' ? claim.split(' ').includes(word) : Array.isArray(claim) && claim.includes(word);
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
