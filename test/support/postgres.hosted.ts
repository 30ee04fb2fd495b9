import { randomBytes } from 'node:crypto';
import { connectionStrings, dropDatabase, queryOnce } from './postgres.client.ts';
import type { PostgresServer } from './postgres.contract.ts';

/** A fresh database on a server that somebody else runs, such as a CI service container. */
export async function hostedDatabase(serverUrl: string): Promise<PostgresServer> {
  const { hostname, port, username, password, pathname } = new URL(serverUrl);
  const admin = {
    host: hostname,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1) || 'postgres',
  };
  const address = { ...admin, database: `key_connector_${randomBytes(6).toString('hex')}` };
  await queryOnce(admin, `CREATE DATABASE ${address.database}`);
  const notOurs = (): Promise<never> =>
    Promise.reject(new Error('This server is not ours to kill: run the test without TEST_POSTGRES_URL.'));
  return {
    ...connectionStrings(address),
    host: address.host,
    port: address.port,
    database: address.database,
    query: (sql, values) => queryOnce(address, sql, values),
    stop: () => dropDatabase((sql) => queryOnce(admin, sql), address.database),
    restart: notOurs,
    kill: notOurs,
    freeze: notOurs,
    thaw: notOurs,
  };
}
