/** A place where a server may listen. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Who the service is to a cloud that gives tokens instead of a password. */
export type CloudIdentity =
  | { readonly kind: 'entra'; readonly clientId: string | undefined }
  /** For hosts whose names do not tell their own. */
  | { readonly kind: 'awsRdsIam'; readonly region: string | undefined };

/** What `database__*` says of it. */
export interface GivenIdentity {
  readonly identity: 'password' | CloudIdentity['kind'];
  readonly awsRegion?: string | undefined;
  readonly entraClientId?: string | undefined;
}

/** What a connection string says of it. */
export interface ConnectionFacts {
  readonly hosts: readonly string[];
  readonly hasPassword: boolean;
  /** Whether every connection is encrypted: a token goes over the wire as it is. */
  readonly encrypted: boolean;
  /** The keyword and its values that make it so. */
  readonly encryptedBy: string;
}

/** `keys.abc123.eu-central-1.rds.amazonaws.com`, and the same of the Chinese partition. */
const rdsHost = /\.([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?\.?$/i;

/** The region that an RDS host name tells; `undefined` for a name of one's own. */
export const regionOf = ({ host }: Pick<Endpoint, 'host'>): string | undefined =>
  rdsHost.exec(host)?.[1]?.toLowerCase();

type Refuse = (path: 'identity' | 'awsRegion' | 'connectionString', message: string) => void;

/** The identity for a connection, `undefined` for a password; what does not fit together is refused. */
export function chooseIdentity(
  { identity, awsRegion, entraClientId }: GivenIdentity,
  { hosts, hasPassword, encrypted, encryptedBy }: ConnectionFacts,
  refuse: Refuse,
): CloudIdentity | undefined {
  if (identity === 'password') return undefined;
  if (!encrypted)
    refuse(
      'connectionString',
      `must have ${encryptedBy}, because database.identity is ${identity}: its token must never go unencrypted`,
    );
  if (hasPassword) refuse('connectionString', `holds a password, and database.identity is ${identity}; keep one`);
  if (identity === 'entra') return { kind: 'entra', clientId: entraClientId };
  if (awsRegion === undefined && hosts.some((host) => regionOf({ host }) === undefined))
    refuse('awsRegion', 'is required, because the host is not an RDS name that tells its region');
  return { kind: 'awsRdsIam', region: awsRegion };
}
