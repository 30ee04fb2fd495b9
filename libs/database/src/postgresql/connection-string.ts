import { parseAdoNet } from '../connection-string/ado-net.js';
import { isSystem } from '../connection-string/authorities.js';
import { ConnectionStringError } from '../connection-string/connection-string.errors.js';
import { isHost, isSocketPath } from '../connection-string/host.js';
import { readKeywords } from '../connection-string/keywords.js';
import { isUrl, parseUrl } from '../connection-string/url.js';
import type { Endpoint } from '../identity/cloud-identity.js';
import { keywords, urlKeys } from './keywords.js';

/** Where and how to reach a PostgreSQL server, with Npgsql's defaults filled in. */
export type PostgresqlConnection = Omit<ReturnType<typeof read>, 'host' | 'port' | 'database' | 'sslMode' | 'ssl'> & {
  /** In the order in which they are tried. */
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
  readonly database: string;
  readonly username: string;
  readonly sslMode: NonNullable<ReturnType<typeof read>['sslMode']>;
};

const read = (text: string) => readKeywords(isUrl(text) ? parseUrl(text, urlKeys) : parseAdoNet(text), keywords);

/** Reads a PostgreSQL connection string as Npgsql does, or a `postgres://` URL. */
export function parsePostgresql(text: string): PostgresqlConnection {
  const { host, port: defaultPort, ssl, ...rest } = read(text.trim());
  const usesSystem = isSystem(rest.rootCertificate);
  const sslMode = rest.sslMode ?? (usesSystem ? 'VerifyFull' : 'Prefer');
  const problems = [
    ...(host === undefined ? ['Host is missing'] : []),
    ...(rest.username === undefined ? ['Username is missing'] : []),
    ...((rest.sslCertificate === undefined) === (rest.sslKey === undefined)
      ? []
      : ['SSL Certificate and SSL Key go together']),
    // Encrypted to one program, and checked to another; beside a mode it says nothing more.
    ...(ssl !== undefined && (rest.sslMode ?? 'Disable') === 'Disable'
      ? ['SSL is not taken: write SSL Mode=Require, or SSL Mode=VerifyFull to have the certificate checked']
      : []),
    ...(rest.trustServerCertificate === true && sslMode.startsWith('Verify')
      ? ['Trust Server Certificate contradicts SSL Mode: one says to check the certificate, the other not to']
      : []),
    ...(usesSystem && sslMode !== 'VerifyFull' ? ['SSL Mode must be VerifyFull with Root Certificate=system'] : []),
  ];
  const [first, ...others] = (host ?? '').split(',').map((entry) => endpoint(entry.trim(), defaultPort ?? 5432));
  if (!first || [first, ...others].some(({ host, port }) => !isPlace(host) || port < 1 || port > 65_535)) {
    if (host !== undefined) problems.push(hostRule);
  }
  if (!first || rest.username === undefined || problems.length > 0) throw new ConnectionStringError(problems);
  return {
    ...rest,
    endpoints: [first, ...others],
    username: rest.username,
    database: rest.database ?? rest.username,
    sslMode,
  };
}

const hostRule =
  'Host must be host or host:port, several separated by commas, or the folder of a Unix socket: /var/run/postgresql';

const isPlace = (host: string): boolean => isHost(host) || isSocketPath(host);

function endpoint(text: string, defaultPort: number): Endpoint {
  // A Cloud SQL socket has colons in its path: /cloudsql/project:region:instance.
  const match = /^(?:\[([^\]]+)\]|(\/.*?|[^:]*))(?::(\d{1,5}))?$/.exec(text);
  // A bare IPv6 address holds colons and no port.
  if (!match) return { host: text, port: defaultPort };
  return { host: match[1] ?? match[2] ?? '', port: match[3] === undefined ? defaultPort : Number(match[3]) };
}
