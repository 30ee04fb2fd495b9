import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import { type Database, DatabaseSessionWrong } from '@key-connector/database';
import { Logger } from '@nestjs/common';
import { mysqlReason, ownsMariadb } from '../lab/databases/mariadb.server.js';
import { startTdsDouble, type TdsDouble } from '../lab/databases/tds/double.js';
import { KeepingProxy } from '../lab/network/keeping-proxy.js';
import { describeIf } from '../lab/skip/skip.js';
import { mariadbKind } from './mariadb-kind.js';
import { newId, type OpenDatabase, openDatabase, put, useDatabases, testFence } from './open-database.js';
import { mysqlDatabases } from './test-database.js';

let warn: jest.SpiedFunction<Logger['warn']>;
const warnings = (): string[] => warn.mock.calls.map((call: unknown[]) => (call[0] as { msg: string }).msg);
beforeEach(() => {
  warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describeIf(ownsMariadb, mysqlReason, 'a session of MySQL behind a proxy', () => {
  const suite = useDatabases(() => mysqlDatabases());
  let proxy: KeepingProxy | undefined;
  let change = (said: string): string => said;

  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
  });
  /** Opens a replica through a proxy that says something else in place of a text. */
  const through = async (text: string, instead: string): Promise<Database> => {
    const url = new URL(suite.place.settings['mySqlConnectionString'] ?? '');
    change = (said) => said.replaceAll(text, instead);
    const there = await KeepingProxy.start({ host: url.hostname, port: Number(url.port) }, (said) => change(said));
    proxy = there;
    url.port = String(there.port);
    return suite.open({ mySqlConnectionString: url.toString() });
  };

  test.each([
    ['does not commit', 'autocommit = 1', 'autocommit = 0', /no key would be kept/],
    ['begins transactions by itself', 'completion_type = 0', 'completion_type = 1', /old keys would be read/],
    ['reads what is not committed', 'REPEATABLE READ;\n', 'READ UNCOMMITTED;', /keys that are never kept/],
    ['escapes by no backslash', `sql_mode = 'TRADITIONAL'`, 'sql_mode = 1048576      ', /NO_BACKSLASH_ESCAPES/],
    ['gives one row', '18446744073709551615', '00000000000000000001', /members would not be found/],
  ])('that %s ends the start, and nothing is made', async (_, text, instead, reason) => {
    const start = through(text, instead);
    await expect(start).rejects.toThrow(DatabaseSessionWrong);
    await expect(start).rejects.toThrow(reason);
    expect(await suite.place.tables()).toEqual([]);
  });

  test('in another database ends the start, and nothing is made there', async () => {
    const [row] = await suite.place.sql<{ name: string }>('SELECT DATABASE() AS name');
    const other = await suite.databases.create();
    const [otherRow] = await other.sql<{ name: string }>('SELECT DATABASE() AS name');
    await expect(through(row?.name ?? '', otherRow?.name ?? '')).rejects.toThrow(
      /not in "key_connector_.*as the connection/,
    );
    expect(await other.tables()).toEqual([]);
  });

  test('that only counts in another time zone is told of once, and used', async () => {
    const database = await through(`time_zone = '+00:00'`, `time_zone = '+01:00'`);
    await Promise.all(Array.from({ length: 8 }, () => put(database, newId(), 'v')));
    expect(warnings()).toEqual([expect.stringContaining('its time_zone is +01:00')]);
  });

  test('whose server waits longer for one that says nothing is told of, and used', async () => {
    await through('wait_timeout = 60', 'wait_timeout = 99');
    expect(warnings()).toEqual([expect.stringContaining('its wait_timeout is 99')]);
  });

  test('that turns wrong while serving is not used: no read, no write, not ready', async () => {
    const database = await through('', '');
    const id = newId();
    await put(database, id, 'v');
    change = (said) => said.replaceAll('autocommit = 1', 'autocommit = 0');
    await suite.place.sql(mariadbKind.endOthers);
    await expect(put(database, id, 'w')).rejects.toThrow(DatabaseSessionWrong);
    await expect(database.ping()).rejects.toThrow(DatabaseSessionWrong);
    await expect(database.read(({ userKeys }) => userKeys.find([id]))).rejects.toThrow(DatabaseSessionWrong);
  });
});

describeIf(ownsMariadb, mysqlReason, 'whatever a server of MySQL presets', () => {
  const suite = useDatabases(() => mysqlDatabases());
  const presets = ['completion_type', 'tx_isolation', 'innodb_flush_log_at_trx_commit'];
  const preset = (name: string, value: string): Promise<unknown> =>
    suite.databases.server.query(`SET GLOBAL ${name} = ${value}`);
  const url = (): URL => new URL(suite.place.settings['mySqlConnectionString'] ?? '');
  const find = (database: Database, id: UserId): Promise<unknown[]> =>
    database.read(({ userKeys }) => userKeys.find([id]));

  afterEach(() => suite.databases.server.query(presets.map((name) => `SET GLOBAL ${name} = DEFAULT`).join(';')));

  test.each<readonly [what: string, work: (database: Database) => Promise<unknown>]>([
    [
      'a write that came too late',
      (database) =>
        database.write(({ userKeys }) =>
          userKeys.swap(
            [{ key: { id: newId(), value: 'v', dataKeyId: null }, expected: undefined }],
            { at: 0, deadline: 0 },
            testFence,
          ),
        ),
    ],
    ['work under the lock', (database) => database.lock((manager) => manager.query('SELECT 1'))],
  ])('%s leaves no transaction behind, in which later reads would be old', async (_, work) => {
    await preset('completion_type', '1');
    const one = url();
    one.searchParams.set('Maximum Pool Size', '1');
    const database = await suite.open({ mySqlConnectionString: one.toString() });
    const id = newId();
    await work(database);
    expect(await find(database, id)).toEqual([]);
    await suite.place.sql(`INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES ('${id}', 'v', NOW()); COMMIT`);
    expect(await find(database, id)).toHaveLength(1);
  });

  test('a key that is not committed is not read', async () => {
    await preset('tx_isolation', "'READ-UNCOMMITTED'");
    const database = await suite.open();
    const id = newId();
    const insert = `INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES ('${id}', 'v', NOW())`;
    const holder = await mariadbKind.hold(url().toString(), insert);
    try {
      expect(await find(database, id)).toEqual([]);
    } finally {
      await holder.end();
    }
  });

  test('a session that says nothing any more keeps its locks for a minute', async () => {
    const database = await suite.open();
    expect(await database.lock((manager) => manager.query('SELECT @@SESSION.wait_timeout AS seconds'))).toEqual([
      { seconds: 60 },
    ]);
  });

  test('a server that may lose in a crash what it acknowledged is told of, once', async () => {
    await preset('innodb_flush_log_at_trx_commit', '2');
    await suite.open();
    expect(warnings()).toEqual([expect.stringContaining('its innodb_flush_log_at_trx_commit is 2')]);
  });
});

describe("a session of SQL Server's protocol", () => {
  let double: TdsDouble;
  let opened: OpenDatabase | undefined;
  beforeAll(async () => {
    double = await startTdsDouble();
  });
  afterAll(() => double.stop());
  afterEach(async () => {
    double.server.alter = (text) => text;
    await opened?.close();
    opened = undefined;
  });
  const open = async (): Promise<Database> => {
    opened = await openDatabase({ provider: 'sqlserver', sqlServerConnectionString: double.connectionString });
    return opened.database;
  };

  test.each([
    ['in another database', 'DB_NAME()', `N'other'`, /in the database "other", not in "keys"/],
    ['that does not commit', '@@OPTIONS', '5434', /no key would be kept/],
  ])('%s ends the start, before anything is made', async (_, text, instead, reason) => {
    double.server.alter = (statement) => statement.replaceAll(text, instead);
    double.server.statements.length = 0;
    await expect(open()).rejects.toThrow(reason);
    expect(double.server.statements.filter((statement) => statement.text.includes('CREATE TABLE'))).toEqual([]);
  });

  test('is told by the driver to read what is committed only, and to commit each statement', async () => {
    double.server.openings.length = 0;
    await open();
    expect(double.server.openings).not.toEqual([]);
    for (const opening of double.server.openings) {
      expect(opening).toContain('set transaction isolation level read committed');
      expect(opening).toContain('set implicit_transactions off');
    }
  });

  test('of a database that may lose in a crash what it acknowledged is told of, once', async () => {
    await open();
    await opened?.close();
    expect(warn).not.toHaveBeenCalled();
    double.server.alter = (statement) => statement.replaceAll('[delayed_durability]', '2');
    await open();
    expect(warnings()).toEqual([expect.stringContaining('= FORCED')]);
  });

  test('that turns to another schema while serving is not used: no read, no write, not ready', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    double.server.alter = (statement) => statement.replaceAll('SCHEMA_NAME()', `N'other'`);
    await expect(database.ping()).rejects.toThrow(DatabaseSessionWrong);
    await expect(database.read(({ userKeys }) => userKeys.find([id]))).rejects.toThrow(DatabaseSessionWrong);
    await expect(put(database, id, 'w')).rejects.toThrow(DatabaseSessionWrong);
  });
});
