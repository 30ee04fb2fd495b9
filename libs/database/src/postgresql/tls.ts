import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { readAuthorities, readPem } from '../dialect/pem.js';
import type { PostgresqlConnection } from './connection-string.js';

/** What node-postgres takes as `ssl`: false for a plain connection. */
export type Tls = false | ConnectionOptions;

/**
 * The ways to connect to a host that an SSL mode allows, in the order in which they are tried.
 *
 * node-postgres has no "prefer" or "allow" of its own. As in Npgsql and libpq, only VerifyCA and VerifyFull check the
 * server's certificate, and only VerifyFull its name.
 */
export async function tlsChoices(connection: PostgresqlConnection, host: string): Promise<readonly Tls[]> {
  const [ca, cert, key] = await Promise.all([
    readAuthorities(connection.rootCertificate),
    readPem(connection.sslCertificate),
    readPem(connection.sslKey),
  ]);
  const { sslPassword } = connection;
  const passphrase = sslPassword === undefined ? {} : { passphrase: sslPassword.reveal() };
  const identity = { ...(ca === undefined ? {} : { ca }), ...(cert && key ? { cert, key, ...passphrase } : {}) };
  const unverified = { ...identity, rejectUnauthorized: false };
  switch (connection.sslMode) {
    case 'Disable':
      return [false];
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
