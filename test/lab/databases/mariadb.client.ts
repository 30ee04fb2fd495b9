import { createConnection } from 'mysql2/promise';
import type { ConnectionStrings, ServerAddress } from './database.server.ts';

/** A server, and a database of it when the statement needs one. */
type Address = Omit<ServerAddress, 'database'> & Partial<Pick<ServerAddress, 'database'>>;

/**
 * Runs SQL, also several statements, on a connection of its own, as standard SQL: "double quotes" hold names, || joins.
 */
export async function queryOnce<Row extends object>(address: Address, sql: string): Promise<Row[]> {
  const connection = await createConnection({
    ...address,
    connectTimeout: 5_000,
    multipleStatements: true,
    dateStrings: true,
  });
  // A server that is killed mid-query also emits here; the query's own rejection tells the caller.
  connection.on('error', () => undefined);
  try {
    await connection.query(`SET SESSION sql_mode = 'ANSI,TRADITIONAL'`);
    const [rows] = await connection.query(sql);
    return Array.isArray(rows) ? (rows as Row[]) : [];
  } finally {
    await connection.end().catch(() => undefined);
  }
}

/** The address as settings, as an ADO.NET connection string and as a URL. */
export function connectionStrings(address: ServerAddress): ConnectionStrings {
  const { host, port, user, password, database } = address;
  const url = new URL(`mysql://${host}:${port}/${database}`);
  url.username = user;
  url.password = password ?? '';
  const quoted = password === undefined ? '' : `;Password="${password.replaceAll('"', '""')}"`;
  const connectionString = `Server=${host};Port=${port};Database=${database};User Id=${user}${quoted}`;
  return {
    settings: { provider: 'mysql', mySqlConnectionString: connectionString },
    connectionString,
    url: url.toString(),
  };
}
