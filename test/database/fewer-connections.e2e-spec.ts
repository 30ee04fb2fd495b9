import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Database } from '@key-connector/database';
import { Logger } from '@nestjs/common';
import { ownsMariadb } from '../lab/databases/mariadb.server.js';
import { ownsPostgres } from '../lab/databases/postgres.server.js';
import { startTdsDouble } from '../lab/databases/tds/double.js';
import { SqlError } from '../lab/databases/tds/tokens.js';
import { until } from '../lab/processes/until.js';
import { describeIf } from '../lab/skip/skip.js';
import { insert, newId, openDatabase, useDatabases } from './open-database.js';
import { mysqlDatabases, postgresDatabases } from './test-database.js';

/** Each waits for its own connection, of which the pool would open ten. */
const burst = async (database: Database): Promise<void> => {
  for (let round = 0; round < 3; round += 1) {
    expect(
      new Set(
        await Promise.all(
          Array.from({ length: 40 }, () => insert(database, { id: newId(), value: 'v', dataKeyId: null })),
        ),
      ),
    ).toEqual(new Set([true]));
  }
};

let warn: jest.SpiedFunction<Logger['warn']>;
beforeEach(() => {
  warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
});
const expectToldOnce = async (): Promise<void> => {
  await until(() => warn.mock.calls.length > 0, 'it is told');
  expect(warn.mock.calls).toEqual([
    [expect.objectContaining({ msg: expect.stringContaining('Set Maximum Pool Size') })],
  ]);
};

describeIf(ownsPostgres, 'TEST_POSTGRES_URL names a server that is not ours to limit', 'PostgreSQL', () => {
  const suite = useDatabases(() => postgresDatabases());

  test('a burst waits for a free connection where a role has a limit, and the log says so once', async () => {
    const { server } = suite.databases;
    const [row] = await suite.place.sql<{ name: string }>('SELECT current_database() AS name');
    await suite.place.sql('CREATE ROLE kc LOGIN CONNECTION LIMIT 3; GRANT CREATE ON SCHEMA public TO kc');
    const string = `Host=127.0.0.1;Port=${server.port};Database=${row?.name ?? ''};Username=kc`;
    await burst(await suite.open({ postgreSqlConnectionString: string }));
    await expectToldOnce();
  });
});

describeIf(ownsMariadb, 'TEST_MYSQL_URL names a server that is not ours to limit', 'MariaDB', () => {
  const suite = useDatabases(() => mysqlDatabases());

  test('a burst waits for a free connection where a user has a limit, and the log says so once', async () => {
    await suite.databases.server.query(
      `CREATE USER kc@'127.0.0.1' WITH MAX_USER_CONNECTIONS 3; GRANT ALL ON "key\\_connector\\_%".* TO kc@'127.0.0.1'`,
    );
    const url = new URL(suite.place.settings['mySqlConnectionString'] ?? '');
    url.username = 'kc';
    await burst(await suite.open({ mySqlConnectionString: url.toString() }));
    await expectToldOnce();
  });
});

describeIf(true, '', "a double of SQL Server's protocol", () => {
  test('a burst waits for a free connection where the server has a limit, and the log says so once', async () => {
    const full = new SqlError(
      17_809,
      'Could not connect because the maximum number of user connections has been reached.',
    );
    // The one that asks is among them.
    const double = await startTdsDouble({ refuse: () => (double.server.connections > 3 ? full : undefined) });
    const opened = await openDatabase({ provider: 'sqlserver', sqlServerConnectionString: double.connectionString });
    try {
      await burst(opened.database);
      await expectToldOnce();
    } finally {
      await opened.close();
      await double.stop();
    }
  });
});
