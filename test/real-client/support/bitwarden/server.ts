import { startDouble } from '../../../lab/clouds/http-double.js';
import type { TlsCertificate } from '../../../lab/files/certificate.js';
import { accountRoutes } from './account-routes.js';
import { BitwardenState, type IssueToken } from './state.js';
import { identityRoutes } from './identity-routes.js';
import { router, type Seen } from './router.js';
import { vaultRoutes } from './vault-routes.js';

/**
 * A running stand-in for a Bitwarden deployment: the part of its API that a login, an enrolment and a migration use.
 */
export interface BitwardenServer {
  readonly state: BitwardenState;
  /** Every request, in the order of the answers. */
  readonly seen: readonly Seen[];
  stop(): Promise<void>;
}

/** Starts the stand-in on a free port of the loopback, over TLS because clients refuse anything else. */
export async function startBitwarden(options: {
  readonly tls: TlsCertificate;
  readonly keyConnectorUrl: string;
  readonly issueToken: IssueToken;
}): Promise<BitwardenServer> {
  const state = new BitwardenState(options.keyConnectorUrl, options.issueToken);
  const seen: Seen[] = [];
  const routes = { ...identityRoutes(state), ...accountRoutes(state), ...vaultRoutes(state) };
  const server = await startDouble(router(routes, seen), options.tls);
  state.url = server.url;
  return { state, seen, stop: () => server.stop() };
}
