import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { readAuthorities, readClientIdentity } from '../dialect/pem.js';
import type { PostgresqlConnection } from './connection-string.js';

/** What node-postgres takes as `ssl`: false for a plain connection. */
export type Tls = false | ConnectionOptions;

const setting = 'database__postgreSqlConnectionString';

/**
 * The ways to connect to a host that an SSL mode allows, in the order in which they are tried.
 *
 * node-postgres has no "prefer" or "allow" of its own. As in Npgsql and libpq, only VerifyCA and VerifyFull check the
 * server's certificate, and only VerifyFull its name.
 *
 * @throws TlsFileUnreadable, FileUnreadable for a file that cannot be used: no mode goes without what it names.
 */
export async function tlsChoices(connection: PostgresqlConnection, host: string): Promise<readonly Tls[]> {
  if (connection.sslMode === 'Disable') return [false];
  const [ca, client] = await Promise.all([
    readAuthorities(connection.rootCertificate),
    readClientIdentity({
      settings: {
        certificate: `SSL Certificate of ${setting}`,
        key: `SSL Key of ${setting}`,
        password: 'SSL Password',
      },
      certificate: connection.sslCertificate,
      key: connection.sslKey,
      password: connection.sslPassword,
    }),
  ]);
  const identity = { ...(ca === undefined ? {} : { ca }), ...client };
  const unverified = { ...identity, rejectUnauthorized: false };
  switch (connection.sslMode) {
    case 'Allow':
      return [false, unverified];
    case 'Prefer':
      return [unverified, false];
    case 'Require':
      return [unverified];
    case 'VerifyCA':
      return [{ ...identity, checkServerIdentity: () => undefined }];
    case 'VerifyFull':
      // node-postgres names no host to node:tls when it is an address, which is then compared with "localhost".
      return [{ ...identity, checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) }];
  }
}
