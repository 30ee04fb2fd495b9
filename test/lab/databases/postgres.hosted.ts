import { adminOf, freshName, unharmed } from './hosted.server.ts';
import { connectionStrings, dropDatabase, queryOnce } from './postgres.client.ts';
import type { PostgresServer } from './postgres.contract.ts';

/** A fresh database on a server that somebody else runs, such as a CI service container. */
export async function hostedDatabase(serverUrl: string): Promise<PostgresServer> {
  const admin = { ...adminOf(serverUrl, 5432), database: new URL(serverUrl).pathname.slice(1) || 'postgres' };
  const address = { ...admin, database: freshName() };
  await queryOnce(admin, `CREATE DATABASE ${address.database}`);
  return {
    ...address,
    ...connectionStrings(address),
    ...unharmed('TEST_POSTGRES_URL'),
    query: (sql, values) => queryOnce(address, sql, values),
    stop: () => dropDatabase((sql) => queryOnce(admin, sql), address.database),
  };
}
