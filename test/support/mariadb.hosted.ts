import { randomBytes } from 'node:crypto';
import { connectionStrings, queryOnce } from './mariadb.client.ts';
import type { MariadbServer } from './mariadb.contract.ts';

/** A fresh database on a server that somebody else runs, such as a CI service container. */
export async function hostedDatabase(serverUrl: string): Promise<MariadbServer> {
  const { hostname, port, username, password } = new URL(serverUrl);
  const admin = {
    host: hostname,
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
  const address = { ...admin, database: `key_connector_${randomBytes(6).toString('hex')}` };
  await queryOnce(admin, `CREATE DATABASE ${address.database}`);
  const notOurs = (): never => {
    throw new Error('This server is not ours to kill: run the test without TEST_MYSQL_URL.');
  };
  return {
    ...connectionStrings(address),
    host: address.host,
    port: address.port,
    user: address.user,
    database: address.database,
    query: (sql, database = address.database) => queryOnce({ ...admin, database }, sql),
    stop: async () => {
      await queryOnce(admin, `DROP DATABASE ${address.database}`);
    },
    restart: async () => Promise.resolve(notOurs()),
    kill: async () => Promise.resolve(notOurs()),
    freeze: async () => Promise.resolve(notOurs()),
    thaw: notOurs,
  };
}
