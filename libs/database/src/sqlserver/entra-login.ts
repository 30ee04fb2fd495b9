import {
  ClientSecretCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from '@azure/identity';
import type { TokenCredential } from '@azure/identity';
import type { Connection } from 'mssql';
import type { SqlserverConnection } from './connection-string.js';

/** What the server says about where tokens come from, in the course of a login (MS-TDS, FEDAUTHINFO). */
interface FedAuthInfo {
  /** `https://login.microsoftonline.com/<tenant>`. */
  readonly stsurl?: string;
}

/** tedious has no public name for it. */
interface TediousInternals {
  readonly config: { readonly authentication: { readonly options: { credential?: TokenCredential } } };
  createTokenStreamParser(message: unknown, handler: { readonly fedAuthInfoToken?: FedAuthInfo }): unknown;
}

/** How a connection that is about to log in gets its token. */
export interface EntraLogin {
  readonly credential: TokenCredential;
  /** Told of every new connection. */
  readonly beforeConnect?: (connection: Connection) => void;
}

/**
 * Microsoft Entra instead of a password. Tokens are kept and renewed by the SDK, and every new connection asks for one,
 * so it never logs in with one that has ended. `undefined` for a login with a password.
 */
export function entraLogin(connection: SqlserverConnection): EntraLogin | undefined {
  const { authentication, userId: clientId, password } = connection;
  switch (authentication) {
    case 'password':
      return undefined;
    case 'default':
      return {
        credential: new DefaultAzureCredential(
          clientId === undefined ? {} : { managedIdentityClientId: clientId, workloadIdentityClientId: clientId },
        ),
      };
    case 'managed-identity':
      return { credential: new ManagedIdentityCredential(clientId === undefined ? {} : { clientId }) };
    case 'workload-identity': {
      // Made at the first login: it throws where the platform gives no federated token, which is then told as a failed
      // login.
      let credential: TokenCredential | undefined;
      const made = (): TokenCredential => new WorkloadIdentityCredential(clientId === undefined ? {} : { clientId });
      return { credential: { getToken: async (...asked) => (credential ??= made()).getToken(...asked) } };
    }
    case 'service-principal':
      return servicePrincipal((tenant, authorityHost) => {
        return new ClientSecretCredential(tenant, clientId ?? '', password?.reveal() ?? '', { authorityHost });
      });
  }
}

/**
 * A connection string names no tenant: as in SqlClient, the server's does, so it is known only when a connection has
 * come that far.
 */
export function servicePrincipal(open: (tenant: string, authorityHost: string) => TokenCredential): EntraLogin {
  const credentials = new Map<string, TokenCredential>();
  const credentialOf = (stsUrl: string): TokenCredential => {
    const { origin, pathname } = new URL(stsUrl);
    const known = credentials.get(stsUrl) ?? open(pathname.split('/')[1] ?? '', origin);
    credentials.set(stsUrl, known);
    return known;
  };
  return {
    credential: { getToken: () => Promise.reject(new Error('the server has not named its tenant yet')) },
    beforeConnect: (connection) => {
      const internals = connection as unknown as TediousInternals;
      const parse = internals.createTokenStreamParser.bind(connection);
      let info = (): FedAuthInfo | undefined => undefined;
      internals.createTokenStreamParser = (message, handler) => {
        info = () => handler.fedAuthInfoToken;
        return parse(message, handler);
      };
      internals.config.authentication.options.credential = {
        getToken: (scopes, options) => {
          const { stsurl } = info() ?? {};
          if (stsurl === undefined) return Promise.reject(new Error('the server names no tenant'));
          return credentialOf(stsurl).getToken(scopes, options);
        },
      };
    },
  };
}
