import { warnOfPlainText } from '../dialect/plain-text.js';
import { DatabaseUnsupported } from '../errors/database.errors.js';
import { driverErrorOf } from '../errors/driver-error.js';
import { MysqlPool, type MysqlPoolOptions } from './mysql.pool.js';
import { withSize, withTls } from './pool-options.js';
import type { MysqlTls } from './tls.js';

/** The oldest versions that have all that the statements need (JSON_TABLE among it). */
const oldest = { MySQL: [8, 0], MariaDB: [10, 6] } as const;

/**
 * Looks at the server and finds the way to connect that works, in the order given.
 *
 * @throws DatabaseUnsupported when the server is too old; the driver's error when none works.
 */
export async function findMysqlTls(choices: readonly MysqlTls[], base: MysqlPoolOptions): Promise<MysqlTls> {
  let failure: unknown;
  for (const tls of choices) {
    try {
      await probe(withTls(withSize(base, 1), tls));
      if (failure !== undefined && tls === undefined) warnOfPlainText(base, failure);
      return tls;
    } catch (error) {
      failure = error;
      if (!mayDependOnTls(error)) break;
    }
  }
  throw failure;
}

async function probe(options: MysqlPoolOptions): Promise<void> {
  const pool = new MysqlPool(options);
  try {
    const [row] = await pool.run<{ version: string }[]>('SELECT VERSION() AS version');
    const version = row?.version ?? '';
    const product = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL';
    const [major, minor] = oldest[product];
    const [, isMajor, isMinor] = (/^(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
    if (isMajor === undefined || isMinor === undefined) return;
    if (isMajor < major || (isMajor === major && isMinor < minor)) {
      throw new DatabaseUnsupported(
        `${product} ${isMajor}.${isMinor} at ${options.host}:${options.port} is too old; ${major}.${minor} or newer is needed.`,
      );
    }
  } finally {
    pool.end();
  }
}

/** Whether a connection without TLS could succeed: the server has none, or the handshake broke. */
function mayDependOnTls(error: unknown): boolean {
  return /^(HANDSHAKE_NO_SSL_SUPPORT|HANDSHAKE_SSL_ERROR|PROTOCOL_CONNECTION_LOST|ECONNRESET)$/.test(
    driverErrorOf(error)?.code ?? '',
  );
}
