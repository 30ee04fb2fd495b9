import type { z } from 'zod';
import { parseAdoNet, type Pair } from '../connection-string/ado-net.js';
import { ConnectionStringError } from '../connection-string/connection-string.errors.js';
import { readKeywords, type Keywords } from '../connection-string/keywords.js';
import { name, never, oneOf, password, poolSize, port, required, seconds } from '../connection-string/rules.js';
import { isUrl, parseUrl, type UrlKeys } from '../connection-string/url.js';

const rules = {
  server: required(),
  port: port(),
  database: required(),
  userId: required(),
  password: password(),
  sslMode: oneOf(['None', 'Disabled', 'Preferred', 'Required', 'VerifyCA', 'VerifyFull']),
  sslCa: name(),
  sslCert: name(),
  sslKey: name(),
  connectionTimeout: seconds(),
  commandTimeout: seconds(),
  maximumPoolSize: poolSize(),
  protocol: oneOf(['Socket', 'Tcp', 'Sockets']),
  guidFormat: oneOf(['Default', 'None', 'Char36']),
  oldGuids: never('ids are stored as text'),
};

const keywords: Keywords<typeof rules> = {
  rules,
  aliases: {
    server: ['Server', 'Host', 'Data Source', 'Address', 'Addr', 'Network Address'],
    port: ['Port'],
    database: ['Database', 'Initial Catalog'],
    userId: ['User Id', 'Uid', 'Username', 'User', 'User Name'],
    password: ['Password', 'Pwd'],
    sslMode: ['SslMode'],
    sslCa: ['SslCa', 'CA Certificate File'],
    sslCert: ['SslCert'],
    sslKey: ['SslKey'],
    connectionTimeout: ['Connection Timeout', 'Connect Timeout'],
    commandTimeout: ['Default Command Timeout', 'Command Timeout'],
    maximumPoolSize: ['Maximum Pool Size', 'Max Pool Size'],
    protocol: ['Connection Protocol', 'Protocol'],
    guidFormat: ['GUID Format'],
    oldGuids: ['Old Guids'],
  },
  // MySqlConnector keys that tune a .NET client: they change nothing about what is read or written.
  ignored: [
    'Pooling',
    'Minimum Pool Size',
    'Min Pool Size',
    'Load Balance',
    'DNS Check Interval',
    'Server Redirection Mode',
    'Allow Load Local Infile',
    'Allow Zero DateTime',
    'Convert Zero DateTime',
    'DateTime Kind',
    'Cancellation Timeout',
    'Defer Connection Reset',
    'Force Synchronous',
    'Ignore Command Transaction',
    'Ignore Prepare',
    'Interactive Session',
    'Interactive',
    'No Backslash Escapes',
    'Pipelining',
    'TLS Version',
    'TLS Cipher Suites',
    'Use XA Transactions',
    'Connection Idle Timeout',
    'Connection Life Time',
    'Connection Reset',
    'Keepalive',
    'Persist Security Info',
    'Allow Public Key Retrieval',
    'Allow User Variables',
    'Auto Enlist',
    'Application Name',
    'Character Set',
    'Charset',
    'Treat Tiny As Boolean',
    'Use Affected Rows',
    'Use Compression',
  ],
};

const urlKeys: UrlKeys = {
  schemes: ['mysql', 'mariadb'],
  host: 'Server',
  port: 'Port',
  user: 'User Id',
  password: 'Password',
  database: 'Database',
  query: {
    'ssl-mode': 'SslMode',
    'ssl-ca': 'SslCa',
    'ssl-cert': 'SslCert',
    'ssl-key': 'SslKey',
    'connect-timeout': 'Connection Timeout',
  },
};

/** What MySQL's own programs call the modes; they stand in URLs of hosting providers. */
const urlModes: Readonly<Record<string, string>> = {
  disabled: 'None',
  verify_ca: 'VerifyCA',
  verify_identity: 'VerifyFull',
};

const read = (text: string) => readKeywords(isUrl(text) ? urlPairs(text) : parseAdoNet(text), keywords);

/** Where and how to reach a MySQL or MariaDB server, with MySqlConnector's defaults filled in. */
export type MysqlConnection = Omit<ReturnType<typeof read>, 'port' | 'sslMode'> & {
  readonly port: number;
  readonly sslMode: Exclude<z.output<(typeof rules)['sslMode']>, 'Disabled' | undefined>;
};

/**
 * Reads a MySQL connection string as MySqlConnector does, or a `mysql://` URL.
 *
 * @throws ConnectionStringError listing every problem by key.
 */
export function parseMysql(text: string): MysqlConnection {
  const { port: given = 3306, sslMode = 'Preferred', ...rest } = read(text);
  const problems = [
    ...(rest.server.includes(',') ? ['Server must be one host; MySQL takes no list of them'] : []),
    ...((rest.sslCert === undefined) === (rest.sslKey === undefined) ? [] : ['SslCert and SslKey go together']),
  ];
  if (problems.length > 0) throw new ConnectionStringError(problems);
  return { ...rest, port: given, sslMode: sslMode === 'Disabled' ? 'None' : sslMode };
}

const urlPairs = (text: string): Pair[] =>
  parseUrl(text, urlKeys).map(({ key, value }) => ({
    key,
    value: key === 'SslMode' ? (urlModes[value.toLowerCase()] ?? value) : value,
  }));
