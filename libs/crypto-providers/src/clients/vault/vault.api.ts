import { KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import type { VaultConnection } from './vault.settings.js';
import { exchange, type VaultAnswer, type VaultRequest } from './vault.transport.js';

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
  async send(request: VaultRequest, token?: string, expected: readonly number[] = []): Promise<VaultAnswer> {
    const { server, namespace } = this.connection;
    const answer = await exchange({ server, timeoutSeconds: this.timeoutSeconds }, request, {
      ...(token !== undefined && { 'x-vault-token': token }),
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
