import { databaseSettingsSchema } from '@key-connector/database';
import mssql from 'mssql';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that somebody else runs; blank counts as not given. */
const given = process.env['TEST_SQLSERVER_URL'];

/** Connection string or URL of a SQL Server to test on, where there is one. */
export const hostedSqlserver = given === '' ? undefined : given;

export const noSqlserver = 'TEST_SQLSERVER_URL names no SQL Server';

const isUrl = (connectionString: string): boolean => /^\w+:\/\//.test(connectionString);

/** The same connection string or URL with another database. */
export function withDatabase(connectionString: string, database: string): string {
  if (!isUrl(connectionString)) return `${connectionString};Database=${database}`;
  const url = new URL(connectionString);
  url.pathname = database;
  return url.toString();
}

/** The same connection string or URL with a further key, or another value of one. */
function withKey(connectionString: string, key: string, value: string): string {
  if (!isUrl(connectionString)) return `${connectionString};${key}=${value}`;
  const url = new URL(connectionString);
  url.searchParams.set(key, value);
  return url.toString();
}

/** The same connection string or URL by way of a port of this machine. */
export function withServer(connectionString: string, port: number): string {
  if (!isUrl(connectionString)) return `${connectionString};Server=127.0.0.1,${port}`;
  const url = new URL(connectionString);
  url.host = `127.0.0.1:${port}`;
  return url.toString();
}

/** How long a server that starts may take; a new container refuses the right password for its first seconds. */
const startMilliseconds = 30_000;

/**
 * Waits until a server answers, and gives the connection string that it answers to: its TLS may be of any kind, for
 * nothing that the tests send is a secret.
 */
export async function reachable(connectionString: string): Promise<string> {
  let adapted = connectionString;
  const deadline = Date.now() + startMilliseconds;
  for (;;) {
    try {
      await querySqlserver(adapted, 'SELECT 1 AS "one"');
      return adapted;
    } catch (error) {
      const { message, code } = error as { message?: string; code?: unknown };
      if (adapted === connectionString && /certificate|altnames/i.test(message ?? '')) {
        adapted = withKey(connectionString, 'TrustServerCertificate', 'True');
      } else if (adapted === connectionString && code === 'EENCRYPT') {
        adapted = withKey(connectionString, 'Encrypt', 'Optional');
      } else if (Date.now() > deadline) {
        throw new Error(`The server of TEST_SQLSERVER_URL cannot be used: ${String(message)}`, { cause: error });
      } else {
        await sleep(500);
      }
    }
  }
}

/** The number of an error that the server answered. */
export function numberOf(error: unknown): number | undefined {
  const { number } = error as { number?: unknown };
  return typeof number === 'number' ? number : undefined;
}

/** Runs work on a connection of its own, made without the code under test. */
export async function onSqlserver<T>(
  connectionString: string,
  work: (pool: mssql.ConnectionPool) => Promise<T>,
): Promise<T> {
  const pool = await connect(connectionString);
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}

/** Runs one batch, or several with GO between them, and gives the rows of the first answer that has any. */
export function querySqlserver<Row extends object>(connectionString: string, text: string): Promise<Row[]> {
  return onSqlserver(connectionString, async (pool) => {
    let rows: Row[] | undefined;
    for (const batch of text.split(/^\s*GO\s*$/im).filter((one) => one.trim() !== '')) {
      const { recordset } = await pool.request().batch<Row>(batch);
      // mssql has no recordset where a batch gives no rows, whatever its types say.
      rows ??= recordset as Row[] | undefined;
    }
    return [...(rows ?? [])];
  });
}

async function connect(connectionString: string): Promise<mssql.ConnectionPool> {
  const settings = databaseSettingsSchema.parse({
    provider: 'sqlserver',
    sqlServerConnectionString: connectionString,
  });
  if (settings.provider !== 'sqlserver') throw new TypeError('the provider was given');
  const { host, port, instance, database, userId, password, encrypt } = settings.connection;
  const { hostNameInCertificate, trustServerCertificate } = settings.connection;
  const pool = (encrypted: boolean): Promise<mssql.ConnectionPool> =>
    new mssql.ConnectionPool({
      server: host,
      ...(port === undefined ? {} : { port }),
      ...(database === undefined ? {} : { database }),
      ...(userId === undefined ? {} : { user: userId }),
      ...(password === undefined ? {} : { password: password.reveal() }),
      pool: { max: 1 },
      requestTimeout: 60_000,
      options: {
        ...(instance === undefined ? {} : { instanceName: instance }),
        ...(hostNameInCertificate === undefined ? {} : { serverName: hostNameInCertificate }),
        encrypt: encrypted && encrypt === 'Strict' ? 'strict' : encrypted,
        trustServerCertificate: trustServerCertificate || encrypt === 'Optional',
      },
    }).connect();
  try {
    return await pool(true);
  } catch (error) {
    if (encrypt !== 'Optional' || (error as { code?: unknown }).code !== 'EENCRYPT') throw error;
    return pool(false);
  }
}
