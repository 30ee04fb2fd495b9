import type pg from 'pg';
import { warnOfPlainText } from '../dialect/plain-text.js';
import { DatabaseUnsupported } from '../errors/database.errors.js';
import { driverErrorOf } from '../errors/driver-error.js';
import type { Endpoint } from '../identity/cloud-identity.js';
import { PostgresqlClient } from './postgresql.client.js';
import type { Tls } from './tls.js';

/** The oldest major version that the statements and migrations are known to work on, as `server_version_num`. */
const oldestVersion = 120_000;

/** Where to try, and the way to log in there when it is not that of the base options. */
type Place = Endpoint & Pick<pg.ClientConfig, 'password'>;

/** A server that answered, and the options that it answered to. */
export interface Target {
  readonly options: pg.ClientConfig;
  readonly standby: boolean;
}

/**
 * Finds the first server in order that takes writes, and how it can be reached; a standby when there is no other.
 *
 * @throws the last server's error when none answers.
 */
export async function findTarget(
  endpoints: readonly Place[],
  tlsChoices: (host: string) => Promise<readonly Tls[]>,
  base: pg.ClientConfig,
): Promise<Target> {
  let standby: Target | undefined;
  let failure: unknown;
  for (const endpoint of endpoints) {
    try {
      const target = await reach(endpoint, await tlsChoices(endpoint.host), base);
      if (!target.standby) return target;
      standby ??= target;
    } catch (error) {
      if (error instanceof DatabaseUnsupported) throw error;
      failure = error;
    }
  }
  if (standby) return standby;
  throw failure;
}

async function reach(endpoint: Place, tlsChoices: readonly Tls[], base: pg.ClientConfig): Promise<Target> {
  let failure: unknown;
  for (const ssl of tlsChoices) {
    const options = { ...base, ...endpoint, ssl };
    try {
      const target = await takenBy(options);
      if (failure !== undefined && ssl === false) warnOfPlainText(endpoint, failure);
      return target;
    } catch (error) {
      if (lacksPassword(error)) throw new Error('the server asks for a password, and none is given', { cause: error });
      failure = error;
      if (!mayDependOnTls(error)) break;
    }
  }
  throw failure;
}

/** What a pooler may not take of the startup message; whether a session is what it should be, it is asked. */
export const optionalParameters = ['statement_timeout', 'lock_timeout', 'options'] as const;

/**
 * PgBouncer refuses parameters that it does not know, and names one at a time; RDS Proxy takes no "command-line
 * options".
 */
async function takenBy(given: pg.ClientConfig): Promise<Target> {
  const options = { ...given };
  for (;;) {
    try {
      return await probe(options);
    } catch (error) {
      const { message = '' } = driverErrorOf(error) ?? {};
      const refused = optionalParameters.filter((name) => options[name] !== undefined && message.includes(name));
      if (refused.length === 0 || !/unsupported startup parameter|command-line options/.test(message)) throw error;
      for (const name of refused) Reflect.deleteProperty(options, name);
    }
  }
}

/** node-postgres tells it in terms of the SCRAM protocol. */
const lacksPassword = (error: unknown): boolean =>
  driverErrorOf(error)?.message.includes('client password must be a string') === true;

/** Each step ends by itself: login and query at the connect timeout, the goodbye by the client's own deadline. */
async function probe(options: pg.ClientConfig): Promise<Target> {
  const client = new PostgresqlClient(options);
  // An error after the answer is of no interest: this connection is thrown away.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const [answer] = await client.ask<{ version: number; standby: boolean }>(
      `SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby`,
      [],
      options.connectionTimeoutMillis,
    );
    const { version = 0, standby = false } = answer ?? {};
    if (version < oldestVersion) {
      throw new DatabaseUnsupported(
        `PostgreSQL ${Math.floor(version / 10_000)} at ${options.host ?? ''}:${options.port ?? 0} is too old; 12 or newer is needed.`,
      );
    }
    return { options, standby };
  } finally {
    await client.end();
  }
}

/** Whether the other way, with or without TLS, could succeed: not when nobody answers or the password is wrong. */
function mayDependOnTls(error: unknown): boolean {
  const { code = '', message = '' } = driverErrorOf(error) ?? {};
  // A server that is frozen, or a firewall: the other way would cost the deadline once more. node-postgres gives no
  // code.
  if (code === '' && /timeout/i.test(message)) return false;
  return !/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|28P01|3D000|53300|57P03)$/.test(code);
}
