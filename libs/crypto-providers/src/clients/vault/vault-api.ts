import { fetchFailure, readText, type Secret, secureUri } from '@key-connector/common';
import { KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import type { VaultConnection } from './vault.settings.js';

/** One request to Vault's API; `path` is below `/v1/` and not encoded. */
export interface VaultRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** What Vault answered; `body` is `undefined` where it is not JSON. */
export interface VaultAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What a status says about a server that cannot serve now (https://openbao.org/api-docs/#http-status-codes). */
const unavailable: Readonly<Record<number, string>> = {
  412: 'has not caught up with the active server yet',
  429: 'is a standby, or asked too much of',
  472: 'is a disaster-recovery replica',
  473: 'is a performance standby',
  503: 'is sealed or down for maintenance',
};

/** One server and namespace of Vault or OpenBao. */
export class VaultApi {
  constructor(
    readonly connection: VaultConnection,
    private readonly timeoutSeconds: number,
  ) {}

  /**
   * Sends a request, and gives every answer that is about the request: success and 4xx.
   *
   * Throws KeyProviderUnavailable for one that is about the server, unless the status is among `expected`.
   */
  async send(request: VaultRequest, token?: Secret, expected: readonly number[] = []): Promise<VaultAnswer> {
    const { server, plainHttp, namespace } = this.connection;
    const answer = await exchange({ server, plainHttp, timeoutSeconds: this.timeoutSeconds }, request, {
      ...(token !== undefined && { 'x-vault-token': token.reveal() }),
      ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
    });
    const { status, body } = answer;
    if (expected.includes(status)) return answer;
    const reason = unavailable[status] ?? (status >= 500 ? 'has a problem of its own' : undefined);
    if (reason !== undefined) throw new KeyProviderUnavailable(`Vault at ${server} ${reason} (${status}).`);
    if (body === undefined && status !== 204)
      throw new KeyProviderUnavailable(`${server} answers ${status}, but not as Vault does; is a proxy in between?`);
    return answer;
  }
}

/** The largest answer that we ask for: a key with hundreds of versions, or a secret (at most 1 MB in Vault). */
const maxBytes = 4 * 1024 * 1024;

/** A standby sends to the active server, and that may have changed meanwhile. */
const maxRedirects = 2;

/**
 * Sends one request within the time for a whole exchange, redirects and body included; whatever keeps an answer from
 * coming is KeyProviderUnavailable.
 *
 * Through the global fetch, so that proxies and authorities of the process hold here too.
 */
async function exchange(
  { server, plainHttp, timeoutSeconds }: Pick<VaultConnection, 'server' | 'plainHttp'> & { timeoutSeconds: number },
  { method, path, query = {}, body }: VaultRequest,
  headers: Readonly<Record<string, string>>,
): Promise<VaultAnswer> {
  const url = new URL(`${server}/v1/${path.split('/').map(encodeURIComponent).join('/')}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const init = {
    method,
    headers: { ...headers, accept: 'application/json', 'x-vault-request': 'true' },
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
    ...(body && { body: JSON.stringify(body) }),
  };
  try {
    const response = await follow(url, { ...init, plainHttp }, maxRedirects);
    return { status: response.status, body: parse(await readText(response, maxBytes)) };
  } catch (error) {
    throw new KeyProviderUnavailable(`Vault at ${server} cannot be reached: ${fetchFailure(error)}.`);
  }
}

/**
 * Follows a standby's redirect (307), but never from https to http, and to plain HTTP on the network only where that is
 * allowed: the token goes with it.
 */
async function follow(
  url: URL,
  { plainHttp, ...init }: RequestInit & Pick<VaultConnection, 'plainHttp'>,
  redirects: number,
): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'manual' });
  if (response.status < 300 || response.status > 399) return response;
  await response.body?.cancel();
  const target = URL.parse(response.headers.get('location') ?? '', url.href);
  if (![307, 308].includes(response.status) || target === null || redirects === 0)
    throw new Error(`it redirects (${response.status}) and does not answer`);
  if (target.protocol !== url.protocol || !(plainHttp || secureUri('').safeParse(target.href).success))
    throw new Error(`it redirects to ${target.origin}, where the token would go over plain HTTP`);
  return follow(target, { ...init, plainHttp }, redirects - 1);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
