import pg from 'pg';
import type { ConnectionStrings, ServerAddress } from './database.server.ts';

/** Runs SQL on a connection of its own. */
export async function queryOnce<Row extends object>(
  address: ServerAddress,
  sql: string,
  values?: readonly unknown[],
): Promise<Row[]> {
  const client = new pg.Client({ ...address, connectionTimeoutMillis: 5_000 });
  // A server that is killed mid-query also emits here; the query's own rejection tells the caller.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result = await client.query<Row>(sql, values === undefined ? undefined : [...values]);
    return result.rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Drops a database with its connections; `WITH (FORCE)` does that too, from PostgreSQL 13 on. */
export async function dropDatabase(query: (sql: string) => Promise<unknown>, name: string): Promise<void> {
  await query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
  await query(`DROP DATABASE IF EXISTS ${name}`);
}

/** The address as settings, as an ADO.NET connection string and as a URL. */
export function connectionStrings(address: ServerAddress): ConnectionStrings {
  const { host, port, user, password, database } = address;
  const url = new URL(`postgres://${host}:${port}/${database}`);
  url.username = user;
  url.password = password ?? '';
  const quoted = password === undefined ? '' : `;Password="${password.replaceAll('"', '""')}"`;
  const connectionString = `Host=${host};Port=${port};Database=${database};Username=${user}${quoted}`;
  return {
    settings: { provider: 'postgresql', postgreSqlConnectionString: connectionString },
    connectionString,
    url: url.toString(),
  };
}
