import { parseAdoNet } from './ado-net.js';
import { ConnectionStringError } from './connection-string.error.js';
import { readKeywords, type Keywords } from './keywords.js';
import { name, oneOf, password, poolSize, port, seconds, yesNo } from './rules.js';
import { isUrl, parseUrl, type UrlKeys } from './url.js';

/** A place where a server may listen. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const rules = {
  host: name(),
  port: port(),
  database: name(),
  username: name(),
  password: password(),
  sslMode: oneOf(['Disable', 'Allow', 'Prefer', 'Require', 'VerifyCA', 'VerifyFull']),
  rootCertificate: name(),
  sslCertificate: name(),
  sslKey: name(),
  trustServerCertificate: yesNo(),
  timeout: seconds(),
  commandTimeout: seconds(),
  maximumPoolSize: poolSize(),
  searchPath: name(),
  applicationName: name(),
};

const keywords: Keywords<typeof rules> = {
  rules,
  aliases: {
    host: ['Host', 'Server'],
    port: ['Port'],
    database: ['Database', 'DB'],
    username: ['Username', 'User Id', 'User', 'UID', 'User Name'],
    password: ['Password', 'PWD', 'PSW'],
    sslMode: ['SSL Mode'],
    rootCertificate: ['Root Certificate'],
    sslCertificate: ['SSL Certificate'],
    sslKey: ['SSL Key'],
    trustServerCertificate: ['Trust Server Certificate'],
    timeout: ['Timeout'],
    commandTimeout: ['Command Timeout'],
    maximumPoolSize: ['Maximum Pool Size', 'Max Pool Size'],
    searchPath: ['Search Path'],
    applicationName: ['Application Name'],
  },
  // Npgsql keys that tune a .NET client: they change nothing about what is read or written.
  ignored: [
    'Pooling',
    'Minimum Pool Size',
    'Connection Idle Lifetime',
    'Connection Pruning Interval',
    'Connection Lifetime',
    'Keepalive',
    'TCP Keepalive',
    'Include Error Detail',
    'Persist Security Info',
    'Max Auto Prepare',
    'Auto Prepare Min Usages',
    'Enlist',
    'No Reset On Close',
    'Encoding',
    'Client Encoding',
    'Timezone',
  ],
};

const urlKeys: UrlKeys = {
  schemes: ['postgres', 'postgresql'],
  host: 'Host',
  port: 'Port',
  user: 'Username',
  password: 'Password',
  database: 'Database',
  query: {
    sslmode: 'SSL Mode',
    sslrootcert: 'Root Certificate',
    sslcert: 'SSL Certificate',
    sslkey: 'SSL Key',
    connect_timeout: 'Timeout',
    application_name: 'Application Name',
  },
};

/** Where and how to reach a PostgreSQL server, with Npgsql's defaults filled in. */
export type PostgresqlConnection = Omit<ReturnType<typeof read>, 'host' | 'port' | 'database' | 'sslMode'> & {
  /** In the order in which they are tried. */
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
  readonly database: string;
  readonly username: string;
  readonly sslMode: NonNullable<ReturnType<typeof read>['sslMode']>;
};

const read = (text: string) => readKeywords(isUrl(text) ? parseUrl(text, urlKeys) : parseAdoNet(text), keywords);

/** Reads a PostgreSQL connection string as Npgsql does, or a `postgres://` URL. */
export function parsePostgresql(text: string): PostgresqlConnection {
  const { host, port: defaultPort, ...rest } = read(text);
  const problems = [
    ...(host === undefined ? ['Host is missing'] : []),
    ...(rest.username === undefined ? ['Username is missing'] : []),
    ...((rest.sslCertificate === undefined) === (rest.sslKey === undefined)
      ? []
      : ['SSL Certificate and SSL Key go together']),
    ...(rest.trustServerCertificate === true && rest.sslMode?.startsWith('Verify') === true
      ? ['Trust Server Certificate contradicts SSL Mode: one says to check the certificate, the other not to']
      : []),
  ];
  const [first, ...others] = (host ?? '').split(',').map((entry) => endpoint(entry.trim(), defaultPort ?? 5432));
  if (!first || [first, ...others].some(({ host, port }) => host === '' || port < 1 || port > 65_535)) {
    if (host !== undefined) problems.push('Host must be host or host:port, several separated by commas');
  }
  if (!first || rest.username === undefined || problems.length > 0) throw new ConnectionStringError(problems);
  return {
    ...rest,
    endpoints: [first, ...others],
    username: rest.username,
    database: rest.database ?? rest.username,
    sslMode: rest.sslMode ?? 'Prefer',
  };
}

function endpoint(text: string, defaultPort: number): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text);
  // A bare IPv6 address holds colons and no port.
  if (!match) return /^[0-9a-f:.]+$/i.test(text) ? { host: text, port: defaultPort } : { host: '', port: 0 };
  return { host: match[1] ?? match[2] ?? '', port: match[3] === undefined ? defaultPort : Number(match[3]) };
}
