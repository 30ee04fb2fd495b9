import { z } from 'zod';
import { parseAdoNet } from '../connection-string/ado-net.js';
import { ConnectionStringError } from '../connection-string/connection-string.errors.js';
import { readKeywords, type Keywords } from '../connection-string/keywords.js';
import { name, never, oneOf, password, poolSize, port, seconds, yesNo } from '../connection-string/rules.js';
import { isUrl, parseUrl, type UrlKeys } from '../connection-string/url.js';
import type { Endpoint } from '../identity/cloud-identity.js';

/** Which server Npgsql takes of several. The one that takes writes is always looked for; a standby alone is of no use. */
const targetSession = () =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.replaceAll('-', '') : value),
    oneOf(['Any', 'Primary', 'PreferPrimary', 'ReadWrite']),
  );

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
  sslPassword: password(),
  trustServerCertificate: yesNo(),
  timeout: seconds(),
  commandTimeout: seconds(),
  maximumPoolSize: poolSize(),
  searchPath: name(),
  applicationName: name(),
  options: name(),
  targetSession: targetSession(),
  channelBinding: oneOf(['Disable', 'Prefer']),
  checkRevocation: never('revocation of certificates is not looked up'),
  integratedSecurity: never('there is no login by Kerberos'),
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
    sslPassword: ['SSL Password'],
    trustServerCertificate: ['Trust Server Certificate'],
    timeout: ['Timeout'],
    commandTimeout: ['Command Timeout'],
    maximumPoolSize: ['Maximum Pool Size', 'Max Pool Size'],
    searchPath: ['Search Path'],
    applicationName: ['Application Name'],
    options: ['Options'],
    targetSession: ['Target Session Attributes'],
    channelBinding: ['Channel Binding'],
    checkRevocation: ['Check Certificate Revocation'],
    integratedSecurity: ['Integrated Security'],
  },
  // Npgsql keys that tune a .NET client: they change nothing about what is read or written.
  ignored: [
    'Pooling',
    'Minimum Pool Size',
    'Min Pool Size',
    'Connection Idle Lifetime',
    'Connection Pruning Interval',
    'Connection Lifetime',
    'Keepalive',
    'TCP Keepalive',
    'TCP Keepalive Time',
    'TCP Keepalive Interval',
    'Load Balance Hosts',
    'Host Recheck Seconds',
    'Cancellation Timeout',
    'Internal Command Timeout',
    'Multiplexing',
    'Write Coalescing Buffer Threshold Bytes',
    'Read Buffer Size',
    'Write Buffer Size',
    'Socket Receive Buffer Size',
    'Socket Send Buffer Size',
    'Log Parameters',
    'Load Table Composites',
    'Array Nullability Mode',
    'Server Compatibility Mode',
    'GSS Encryption Mode',
    'Include Realm',
    'Kerberos Service Name',
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
    sslpassword: 'SSL Password',
    connect_timeout: 'Timeout',
    application_name: 'Application Name',
    target_session_attrs: 'Target Session Attributes',
    channel_binding: 'Channel Binding',
    options: 'Options',
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
