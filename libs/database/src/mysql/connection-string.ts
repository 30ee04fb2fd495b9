import { parseAdoNet } from '../connection-string/ado-net.js';
import { isSystem } from '../connection-string/authorities.js';
import { ConnectionStringError } from '../connection-string/connection-string.errors.js';
import { isHost, isSocketPath } from '../connection-string/host.js';
import { readKeywords } from '../connection-string/keywords.js';
import { isUrl, parseUrl } from '../connection-string/url.js';
import { keywords, urlKeys } from './keywords.js';

const read = (text: string) => readKeywords(isUrl(text) ? parseUrl(text, urlKeys) : parseAdoNet(text), keywords);

type Given = ReturnType<typeof read>;

/** Where and how to reach a MySQL or MariaDB server, with MySqlConnector's defaults filled in. */
export type MysqlConnection = Omit<
  Given,
  'port' | 'sslMode' | 'ssl' | 'sslAccept' | 'server' | 'socket' | 'protocol'
> & {
  /** A host, or the path of a Unix socket; see {@link isSocketPath}. */
  readonly server: string;
  readonly port: number;
  readonly sslMode: NonNullable<Given['sslMode']>;
};

/**
 * Reads a MySQL connection string as MySqlConnector does, or a `mysql://` URL.
 *
 * @throws ConnectionStringError listing every problem by key.
 */
export function parseMysql(text: string): MysqlConnection {
  const { port = 3306, sslMode: mode, ssl, sslAccept, socket, protocol, ...given } = read(text.trim());
  const usesSystem = isSystem(given.sslCa);
  const preset = sslAccept === 'Required' ? 'Required' : usesSystem || sslAccept ? 'VerifyFull' : 'Preferred';
  const connection = { ...given, server: socket ?? given.server ?? '', port, sslMode: mode ?? preset };
  const problems = [
    ...whyNoServer(connection.server, protocol === 'Unix' || socket !== undefined),
    // Encrypted to one program, and checked to another; beside a mode it says nothing more.
    ...(ssl !== undefined && (mode ?? 'None') === 'None'
      ? ['SSL is not taken: write SslMode=Required, or SslMode=VerifyFull to have the certificate checked']
      : []),
    ...((given.sslCert === undefined) === (given.sslKey === undefined) ? [] : ['SslCert and SslKey go together']),
    ...(usesSystem && connection.sslMode !== 'VerifyFull' ? ['SslMode must be VerifyFull with SslCa=system'] : []),
  ];
  if (problems.length > 0) throw new ConnectionStringError(problems);
  return connection;
}

function whyNoServer(server: string, isSocket: boolean): string[] {
  if (server === '') return ['Server is missing'];
  if (isSocketPath(server)) return [];
  if (isSocket) return ['Server must be the path of the Unix socket, such as /run/mysqld/mysqld.sock'];
  if (isHost(server)) return [];
  if (server.includes(',')) return ['Server must be one host; MySQL takes no list of them'];
  return ['Server must be a host, its port in Port, or the path of a Unix socket: /run/mysqld/mysqld.sock'];
}
