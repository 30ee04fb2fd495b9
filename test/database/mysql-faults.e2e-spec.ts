import { expect, test } from '@jest/globals';
import { DatabaseUnsupported, UserKey } from '@key-connector/database';
import { until } from '../lab/processes/until.js';
import { describeFaults, type FaultyServer, type FaultySuite } from './faults.suite.js';
import { mariadbKind } from './mariadb-kind.js';
import { ensureManifest, insert, newId, put, testFence } from './open-database.js';
import { changed } from './server-kind.js';

/** The test's settings for another user. */
const as = ({ place }: FaultySuite, user: string): Record<string, string> =>
  changed(mariadbKind, place.settings, (url) => {
    url.username = user;
  });

const isDenied = (error: unknown): boolean => String(error).includes('denied');

const server: FaultyServer = {
  kind: mariadbKind,
  endedAtDeadline: /max_statement_time|Lock wait/,
  unusable: (port) => {
    const base = `Server=127.0.0.1;Port=${port};Database=keys;User Id=root;Password=hunter2`;
    return [
      [base, /Access denied for user 'root'.*\(ER_ACCESS_DENIED_ERROR\)/],
      [base.replace('Database=keys', 'Database=nosuch').replace(';Password=hunter2', ''), /Unknown database 'nosuch'/],
      [base.replace(`Port=${port}`, 'Port=1'), /ECONNREFUSED/],
      [`${base};SslMode=Required`, /does not support secure connection/],
    ];
  },
  // Root may write all the same.
  refuseWrites: async (suite) => {
    const { server: mariadb } = suite.databases;
    await mariadb.query(
      `CREATE USER IF NOT EXISTS kc@'127.0.0.1'; GRANT ALL ON "key\\_connector\\_%".* TO kc@'127.0.0.1'`,
    );
    await mariadb.query('SET GLOBAL read_only = ON');
    return { settings: as(suite, 'kc'), over: () => mariadb.query('SET GLOBAL read_only = OFF') };
  },
  preset: async (suite) => {
    const { server: mariadb } = suite.databases;
    await mariadb.query(`SET GLOBAL autocommit = 0; SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';
      SET GLOBAL time_zone = '-05:00'; SET GLOBAL tx_isolation = 'SERIALIZABLE'`);
    return () =>
      mariadb.query(`SET GLOBAL autocommit = 1; SET GLOBAL sql_mode = DEFAULT; SET GLOBAL time_zone = 'SYSTEM';
        SET GLOBAL tx_isolation = DEFAULT`);
  },
  timeText: '2026-03-08 07:30:00.120000',
};

describeFaults(server, (suite) => {
  test('a migrator that is cut off after any of its steps is followed by one that finishes the work', async () => {
    const tables = 'SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = DATABASE()';
    await suite.place.loadClassic();
    await suite.open();
    const steps = [
      `DELETE FROM "KeyConnectorMigrations" WHERE "name" LIKE 'RingManifests%'`,
      'DROP TABLE "UserKeyHistory"',
      'DROP TABLE "RingManifests"',
      `DELETE FROM "KeyConnectorMigrations" WHERE "name" LIKE 'DataKeys%'`,
      'ALTER TABLE "UserKeys" DROP FOREIGN KEY "FK_UserKeys_DataKeys"',
      'ALTER TABLE "UserKeys" DROP INDEX "IX_UserKeys_DataKeyId"',
      'ALTER TABLE "UserKeys" DROP COLUMN "DataKeyId"',
      'DROP TABLE "DataKeyWrappings"',
      'DROP TABLE "DataKeys"',
      'DROP TABLE "KeyConnectorMigrations"',
    ];
    // Backwards through all that the migrations do: each state is one in which a killed migrator leaves the database.
    for (let undone = 1; undone <= steps.length; undone += 1) {
      const [{ n } = { n: -1 }] = await suite.place.sql<{ n: number }>(tables);
      for (const step of steps.slice(0, undone)) await suite.place.sql(step);
      await (await suite.open()).ping();
      expect(await suite.place.sql(tables)).toEqual([{ n }]);
      expect(await suite.place.sql('SELECT "name" FROM "KeyConnectorMigrations"')).toHaveLength(3);
      await expect(suite.place.sql(`UPDATE "UserKeys" SET "DataKeyId" = 9`)).rejects.toThrow(/foreign key/);
    }
  });

  test('the rights that the documentation names are enough once the tables are there', async () => {
    await ensureManifest(await suite.open());
    const name = suite.place.settings['mySqlConnectionString']?.split('/').at(-1) ?? '';
    const tables = ['ApplicationDatas', 'RingManifests', 'DataKeys', 'DataKeyWrappings', 'KeyConnectorMigrations'];
    const grants = tables.map((table) => `GRANT SELECT ON ${name}."${table}" TO modest`);
    const first = `CREATE OR REPLACE USER modest; GRANT SELECT, INSERT, UPDATE ON ${name}."UserKeys" TO modest;
      GRANT SELECT, INSERT, DELETE ON ${name}."UserKeyHistory" TO modest`;
    await suite.databases.server.query([first, ...grants].join(';'));
    const database = await suite.open({ ...as(suite, 'modest'), migrate: 'false' });
    const id = newId();
    await put(database, id, 'v');
    await put(database, id, 'w');
    await database.write(({ userKeys }) => userKeys.touch([id], { at: new Date(), resolution: 0 }));
    await database.lock((manager) => manager.find(UserKey));
    expect(await suite.valueOf(database, id)).toBe('w');
    await database.ping();
    await suite.databases.server.query(`REVOKE SELECT ON ${name}."UserKeys" FROM modest`);
    await until(() => database.ping().then(() => false, isDenied), 'a ping says so too');
  });

  test.each([
    [
      'a table that keeps what is refused',
      `ALTER TABLE "UserKeys" DROP FOREIGN KEY "FK_UserKeys_DataKeys"; ALTER TABLE "UserKeys" ENGINE = Aria`,
    ],
    [
      'a table of data keys that keeps what is refused',
      `ALTER TABLE "DataKeyWrappings" DROP FOREIGN KEY "FK_DataKeyWrappings_DataKeys"; ALTER TABLE "DataKeyWrappings" ENGINE = MyISAM`,
    ],
    [
      'ids that tell case apart',
      'ALTER TABLE "UserKeys" MODIFY "Id" char(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL',
    ],
    ['ids that are bytes', 'ALTER TABLE "UserKeys" MODIFY "Id" binary(36) NOT NULL'],
  ])('%s, say after a restore, end the start, and what it says to run mends it', async (_, restored) => {
    await suite.place.loadClassic();
    const first = await suite.open();
    const id = newId();
    await put(first, id, 'v');
    await suite.place.sql(restored);
    const refusal = await suite.open().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DatabaseUnsupported);
    const [, repair = ''] = /Run (ALTER TABLE .*?) and start again/.exec(String(refusal)) ?? [];
    await suite.place.sql(repair);
    expect(await suite.valueOf(await suite.open(), id)).toBe('v');
  });

  test('a swap compares texts, whichever character set the column has', async () => {
    const database = await suite.open();
    const [key, value] = [{ id: newId(), dataKeyId: null }, 'aü'];
    for (const set of ['utf16', 'latin1']) {
      await suite.place.sql(
        `DELETE FROM "UserKeys"; ALTER TABLE "UserKeys" MODIFY "Key" longtext CHARACTER SET ${set}`,
      );
      expect(await insert(database, { ...key, value })).toBe(true);
      const { clock } = await database.read(({ userKeys }) => userKeys.look([key.id], 0));
      const swap = (expected: string): Promise<unknown> =>
        database.write(({ userKeys }) =>
          userKeys.swap(
            [{ key: { ...key, value: 'new' }, expected }],
            { at: clock, deadline: clock + 10_000 },
            testFence,
          ),
        );
      expect(await swap('AÜ')).toEqual(new Set());
      expect(await swap(value)).toEqual(new Set([key.id]));
    }
  });

  test('a limit of rows that the server presets hides no member', async () => {
    const { server: mariadb } = suite.databases;
    await mariadb.query('SET GLOBAL sql_select_limit = 1');
    try {
      const database = await suite.open();
      const ids = [newId(), newId(), newId()];
      for (const id of ids) await put(database, id, 'stored');
      expect(await database.read(({ userKeys }) => userKeys.find(ids))).toHaveLength(3);
    } finally {
      await mariadb.query('SET GLOBAL sql_select_limit = DEFAULT');
    }
  });

  test('reads and access dates go by the primary key, and member ids are found in either case', async () => {
    const database = await suite.open();
    const ids = Array.from({ length: 200 }, newId);
    for (const id of ids) await put(database, id, 'v');
    const [id = newId()] = ids;
    await suite.place.sql(`UPDATE "UserKeys" SET "Id" = UPPER("Id") WHERE "Id" = '${id}'`);
    expect(await suite.valueOf(database, id)).toBe('v');
    expect(await insert(database, { id, value: 'w', dataKeyId: null })).toBe(false);
    await put(database, id, 'x');
    expect(await suite.place.sql(`SELECT "Key" AS k FROM "UserKeys" WHERE "Id" = '${id}'`)).toEqual([{ k: 'x' }]);
    const rowsRead = async (work: () => Promise<unknown>): Promise<number> => {
      const sql = `SELECT SUM(variable_value) AS n FROM information_schema.global_status
        WHERE variable_name IN ('HANDLER_READ_RND_NEXT', 'HANDLER_READ_NEXT')`;
      const [before] = await suite.place.sql<{ n: number }>(sql);
      await work();
      const [after] = await suite.place.sql<{ n: number }>(sql);
      const [again] = await suite.place.sql<{ n: number }>(sql);
      const noise = Number(again?.n) - Number(after?.n);
      return Number(after?.n) - Number(before?.n) - noise;
    };
    // A scan would read all 200 rows, twice over for two members.
    expect(await rowsRead(() => database.read(({ userKeys }) => userKeys.find(ids.slice(0, 2))))).toBeLessThan(50);
    expect(
      await rowsRead(() =>
        database.write(({ userKeys }) => userKeys.touch(ids.slice(0, 2), { at: new Date(), resolution: 0 })),
      ),
    ).toBeLessThan(50);
  });
});
