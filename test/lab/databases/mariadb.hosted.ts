import { adminOf, freshName, unharmed } from './hosted.server.ts';
import { connectionStrings, queryOnce } from './mariadb.client.ts';
import type { MariadbServer } from './mariadb.contract.ts';

/** A fresh database on a server that somebody else runs, such as a CI service container. */
export async function hostedDatabase(serverUrl: string): Promise<MariadbServer> {
  const admin = adminOf(serverUrl, 3306);
  const address = { ...admin, database: freshName() };
  await queryOnce(admin, `CREATE DATABASE ${address.database}`);
  return {
    ...address,
    ...connectionStrings(address),
    ...unharmed('TEST_MYSQL_URL'),
    query: (sql, database = address.database) => queryOnce({ ...admin, database }, sql),
    stop: async () => {
      await queryOnce(admin, `DROP DATABASE ${address.database}`);
    },
  };
}
