import { secureUri } from '@key-connector/common';
import { Logger } from '@nestjs/common';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import { VaultApi } from './vault-api.js';
import { type Clock, TokenRenewal } from './token-renewal.js';
import { loginSettings, type VaultConnection } from './vault.settings.js';
import { VaultLogin } from './vault-login.js';
import type { VaultAnswer, VaultRequest } from './vault-api.js';

const logger = new Logger('Vault');

/** Servers that were warned of: once a start, however often the key is opened. */
const warnedOf = new Set<string>();

function warnOfPlainHttp({ server, branch }: VaultConnection): void {
  if (warnedOf.has(server) || secureUri('').safeParse(server).success) return;
  warnedOf.add(server);
  logger.warn(
    `${branch}__vaultAllowPlainHttp: whoever listens between here and ${server} reads its token, and what it unlocks: ` +
      'the keys of every member. Give Vault TLS.',
  );
}

/** Vault's API behind one login, which it keeps alive while it is used. */
export class VaultClient {
  /** Where the token is: `#`, so that nothing that prints or serializes this object shows it. */
  readonly #api: VaultApi;
  readonly #renewal: TokenRenewal;

  /** @param timeoutSeconds the longest wait for one answer. */
  constructor(connection: VaultConnection, timeoutSeconds: number, now: Clock = () => performance.now()) {
    warnOfPlainHttp(connection);
    this.#api = new VaultApi(connection, timeoutSeconds);
    this.#renewal = new TokenRenewal(new VaultLogin(this.#api), now);
  }

  /** The address of the server. */
  get server(): string {
    return this.#api.connection.server;
  }

  /**
   * The answer to a request; those of `VaultApi.send`, but never 403.
   *
   * A token that is refused is replaced once: it may have been revoked, or have ended while this process was frozen.
   */
  async call(request: VaultRequest, expected: readonly number[] = []): Promise<VaultAnswer> {
    const token = await this.#renewal.token();
    const answer = await this.#api.send(request, token, expected);
    if (answer.status !== 403) return answer;
    this.#renewal.forget(token);
    const another = await this.#renewal.token();
    if (another.reveal() === token.reveal()) throw this.forbidden(request);
    const again = await this.#api.send(request, another, expected);
    if (again.status === 403) throw this.forbidden(request);
    return again;
  }

  private forbidden({ method, path }: VaultRequest): KeyProviderMisconfigured {
    const { server, branch, auth, namespace } = this.#api.connection;
    const capability = method === 'GET' ? 'read' : 'update';
    const login = `${branch}__${loginSettings[auth.kind]}`;
    return new KeyProviderMisconfigured(
      `Vault at ${server} forbids it (403): the policy of ${login} must have ` +
        `path "${path}" { capabilities = ["${capability}"] }${namespace === undefined ? '' : ` in ${namespace}`}, ` +
        'and its token must not have ended.',
    );
  }
}
