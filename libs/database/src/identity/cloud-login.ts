import type { Secret } from '@key-connector/common';
import { type CloudIdentity, type Endpoint, regionOf } from './cloud-identity.js';
import { type LoginToken, LoginTokens } from './login-tokens.js';

type Kind = CloudIdentity['kind'];
type IdentityOf<K extends Kind> = Extract<CloudIdentity, { kind: K }>;
type Fetch = () => Promise<LoginToken>;

/** An SDK is loaded only when it is chosen, with the first token. */
const sources: {
  readonly [K in Kind]: (identity: IdentityOf<K>, endpoint: Endpoint, username: string) => Promise<Fetch>;
} = {
  entra: async ({ clientId }, { host }) => (await import('./entra-tokens.js')).entraTokens(clientId, host),
  awsRdsIam: async ({ region }, endpoint, username) =>
    (await import('./aws-rds-tokens.js')).rdsTokens(endpoint, username, regionOf(endpoint) ?? region),
};

function openSource<K extends Kind>(identity: IdentityOf<K>, endpoint: Endpoint, username: string): Promise<Fetch> {
  const open: (typeof sources)[K] = sources[identity.kind];
  return open(identity, endpoint, username);
}

/** Logs one user in by tokens of a cloud; each server has its own. */
export class CloudLogin {
  private readonly tokens = new Map<string, LoginTokens>();

  constructor(
    private readonly identity: CloudIdentity,
    private readonly username: string,
  ) {}

  /** Gives the token to log in with; a driver asks for one whenever it opens a connection to that server. */
  passwordFor({ host, port }: Endpoint): () => Promise<Secret> {
    const place = `${host}:${port}`;
    const tokens = this.tokens.get(place) ?? this.open({ host, port });
    this.tokens.set(place, tokens);
    return () => tokens.get();
  }

  private open(endpoint: Endpoint): LoginTokens {
    let source: Promise<Fetch> | undefined;
    return new LoginTokens(async () => {
      source ??= openSource(this.identity, endpoint, this.username);
      return (await source)();
    });
  }
}
