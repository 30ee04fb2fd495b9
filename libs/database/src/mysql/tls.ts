import { isIP } from 'node:net';
import type { SslOptions } from 'mysql2';
import { isSocketPath } from '../connection-string/host.js';
import { readAuthorities, readClientIdentity } from '../dialect/pem.js';
import type { MysqlConnection } from './connection-string.js';

/** What mysql2 takes as `ssl`; undefined for a plain connection. */
export type MysqlTls = SslOptions | undefined;

const setting = 'database__mySqlConnectionString';

/**
 * The ways to connect that an SslMode allows, in the order in which they are tried.
 *
 * mysql2 has no "preferred" of its own. As in MySqlConnector, only VerifyCA and VerifyFull check the server's
 * certificate, and only VerifyFull its name.
 *
 * @throws TlsFileUnreadable, FileUnreadable for a file that cannot be used: no mode goes without what it names.
 */
export async function mysqlTlsChoices(connection: MysqlConnection): Promise<readonly MysqlTls[]> {
  if (connection.sslMode === 'None') return [undefined];
  const [ca, client] = await Promise.all([
    readAuthorities(connection.sslCa),
    readClientIdentity({
      settings: { certificate: `SslCert of ${setting}`, key: `SslKey of ${setting}` },
      certificate: connection.sslCert,
      key: connection.sslKey,
    }),
  ]);
  const identity = { ...(ca === undefined ? {} : { ca }), ...client };
  const unverified = { ...identity, rejectUnauthorized: false };
  switch (connection.sslMode) {
    case 'Preferred':
      return [unverified, undefined];
    case 'Required':
      return [unverified];
    case 'VerifyCA':
      return [{ ...identity, rejectUnauthorized: true, verifyIdentity: false }];
    case 'VerifyFull':
      return [{ ...identity, rejectUnauthorized: true, verifyIdentity: true }];
  }
}

/**
 * The name that mysql2 compares with the certificate. It gives node:tls no name for an address, which is then compared
 * with "localhost"; with the dot of a complete domain name it is passed on, and node:tls takes it as the address it is.
 * A Unix socket leads to this machine.
 */
export const tlsName = (host: string): string => {
  if (isSocketPath(host)) return 'localhost';
  return isIP(host) === 0 ? host : `${host}.`;
};
