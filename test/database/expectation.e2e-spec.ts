import { readdir } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { DatabaseUnexpected } from '@key-connector/database';
import { hasMysql, mysqlReason, ownsMariadb } from '../lab/databases/mariadb.server.js';
import { tempFolder } from '../lab/files/temp-folder.js';
import { describeIf } from '../lab/skip/skip.js';
import { openDatabase, useDatabases } from './open-database.js';
import { mysqlDatabases, testKinds } from './test-database.js';

const classicTables = ['ApplicationDatas', 'UserKeys'];

/** In an order in which they can be dropped. */
const ourTables = [
  ...['DataKeyWrappings', 'UserKeyHistory', 'RingManifests'],
  ...[...classicTables, 'DataKeys', 'KeyConnectorMigrations'],
];

for (const kind of testKinds) {
  describeIf(kind.here, kind.reason, `database__expect on ${kind.name}`, () => {
    const suite = useDatabases(kind.start);

    /** Table by table, and how many rows each holds. */
    const contents = async (): Promise<Record<string, number>> => {
      const counts: Record<string, number> = {};
      for (const table of (await suite.place.tables()).toSorted()) {
        // SQLite lists its indexes too.
        if (!/^(?!IX_)[A-Z]/.test(table)) continue;
        counts[table] = (await suite.place.sql(`SELECT 1 AS "one" FROM "${table}"`)).length;
      }
      return counts;
    };
    const expectRefused = async (word: string, message: RegExp): Promise<void> => {
      const before = await contents();
      const start = suite.open({ expect: word });
      await expect(start).rejects.toThrow(DatabaseUnexpected);
      await expect(start).rejects.toThrow(message);
      expect(await contents()).toEqual(before);
    };
    const emptied = async (...tables: readonly string[]): Promise<void> => {
      for (const table of tables) await suite.place.sql(`DELETE FROM "${table}"`);
    };

    test('existing: where there is nothing the start ends, says where it looked, and has made nothing', async () => {
      const start = suite.open({ expect: 'existing' });
      await expect(start).rejects.toThrow(DatabaseUnexpected);
      await expect(start).rejects.toThrow(
        /existing, but (no deployment was found. Looked in .* \(.*\): none of its tables|.*\.sqlite does not exist)/,
      );
      await expect(suite.open({ expect: 'existing', migrate: 'false' })).rejects.toThrow(DatabaseUnexpected);
      expect(await suite.place.tables()).toEqual([]);
    });

    const url = (): URL =>
      new URL(Object.values(suite.place.settings).find((value) => value.includes('://')) ?? 'none:');
    const replaced = (change: URL): Record<string, string> => ({
      ...Object.fromEntries(Object.keys(suite.place.settings).map((name) => [name, change.toString()])),
      provider: suite.place.settings['provider'] ?? '',
    });

    if (/^(PostgreSQL|MySQL)$/.test(kind.name))
      test('existing: a server that has no such database ends the start', async () => {
        const nowhere = Object.assign(url(), { pathname: '/nowhere' });
        await expect(suite.open({ ...replaced(nowhere), expect: 'existing' })).rejects.toThrow(
          /the server has no such database: .*nowhere/,
        );
      });

    if (kind.name === 'MySQL')
      test('existing: says in which other database such tables stand', async () => {
        await suite.place.loadClassic();
        const name = url().pathname.slice(1);
        const other = await suite.databases.create();
        const start = openDatabase({ ...other.settings, expect: 'existing' });
        await expect(start).rejects.toThrow(new RegExp(`stand in: .*the database ${name}`));
      });

    test('existing: classic tables without a row are no deployment', async () => {
      await suite.place.loadClassic();
      await emptied(...classicTables);
      await expectRefused(
        'existing',
        /the tables UserKeys, ApplicationDatas, without a data key or a member.* to any for one start, or drop them/,
      );
    });

    test('existing: neither are our own tables without a row', async () => {
      await suite.open();
      await expectRefused(
        'existing',
        /the tables UserKeys, UserKeyHistory, ApplicationDatas, DataKeys, .*, without a data key.* to any for one start, or drop them/,
      );
    });

    test.each([['ApplicationDatas'], ['UserKeys']])(
      'existing: a classic deployment is one without %s too',
      async (gone) => {
        await suite.place.loadClassic();
        await emptied(gone);
        await expect(suite.open({ expect: 'existing' })).resolves.toBeDefined();
      },
    );

    test.each([
      ['DataKeys', `("Id", "CreationDate") VALUES (1, '2026-01-01 00:00:00')`],
      [
        'RingManifests',
        `("Version", "Document", "Signature", "CreationDate") VALUES (1, '', '', '2026-01-01 00:00:00')`,
      ],
      [
        'UserKeyHistory',
        `("UserId", "CreationDate", "ReplacedDate", "Cause")
         VALUES ('2f3ae1d6-8b2c-4f5e-9d0a-6c1b7e4a9f10', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'deleted')`,
      ],
    ])('existing: a row in %s makes a deployment, also without a member', async (table, row) => {
      await suite.open();
      await suite.place.sql(`INSERT INTO "${table}" ${row}`);
      await expect(suite.open({ expect: 'existing' })).resolves.toBeDefined();
      await expectRefused('empty', new RegExp(`with rows in the table ${table}`));
    });

    test('empty: the first start makes the tables, and the next one names them and ends', async () => {
      await suite.open({ expect: 'empty' });
      await expectRefused(
        'empty',
        /something was found. Looked in .*UserKeys, .*KeyConnectorMigrations, without a data key or a member/,
      );
    });

    test('empty: tables that a start left without a data key are told with what works, and it works', async () => {
      await suite.open({ expect: 'empty' });
      await expectRefused(
        'empty',
        /These tables hold nothing.* set database__expect to any for one start, or drop them/,
      );
      await expect(suite.open({ expect: 'any' })).resolves.toBeDefined();
      for (const table of ourTables) await suite.place.sql(`DROP TABLE "${table}"`);
      await expect(suite.open({ expect: 'empty' })).resolves.toBeDefined();
    });

    test.each([
      ['with rows', [], /the tables UserKeys, ApplicationDatas, with rows in the tables UserKeys, ApplicationDatas/],
      ['without a row', classicTables, /the tables UserKeys, ApplicationDatas, without a data key or a member/],
    ])('empty: classic tables %s end the start', async (_, gone, message) => {
      await suite.place.loadClassic();
      await emptied(...gone);
      await expectRefused('empty', message);
    });

    test('empty: of six that start at once one makes the tables, and the others end', async () => {
      const settings = { ...suite.place.settings, expect: 'empty' };
      const starts = await Promise.allSettled(Array.from({ length: 6 }, () => openDatabase(settings)));
      suite.opened.push(...starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : [])));
      expect(suite.opened).toHaveLength(1);
      const reasons = starts.map((start) => (start.status === 'rejected' ? (start.reason as unknown) : undefined));
      expect(reasons.filter((reason) => reason instanceof DatabaseUnexpected)).toHaveLength(5);
    });
  });
}

const lowerCase = 'database__expect on MySQL with names in lower case';
describeIf(hasMysql && ownsMariadb, mysqlReason, lowerCase, () => {
  const suite = useDatabases(() => mysqlDatabases({ parameters: { 'lower-case-table-names': '1' } }));

  test('existing: the tables are found on a server that keeps their names in lower case', async () => {
    await suite.place.loadClassic();
    expect(await suite.place.tables()).toContain('userkeys');
    await expect(suite.open({ expect: 'empty' })).rejects.toThrow(/the tables UserKeys, ApplicationDatas, with rows/);
    await expect(suite.open({ expect: 'existing' })).resolves.toBeDefined();
  });
});

test('existing: an SQLite file or folder that is not there is not made, and ends the start', async () => {
  const folder = await tempFolder('expectation');
  try {
    const sqliteConnectionString = `Data Source=${folder.path}/keys.sqlite`;
    const start = openDatabase({ provider: 'sqlite', sqliteConnectionString, expect: 'existing' });
    await expect(start).rejects.toThrow(/does not exist/);
    const unmounted = `Data Source=${folder.path}/volume/keys.sqlite`;
    const other = openDatabase({ provider: 'sqlite', sqliteConnectionString: unmounted, expect: 'existing' });
    await expect(other).rejects.toThrow(DatabaseUnexpected);
    await expect(other).rejects.toThrow(/the folder .*volume of the SQLite file .* does not exist.* volume mounted\?/);
    expect(await readdir(folder.path)).toEqual([]);
  } finally {
    await folder.remove();
  }
});
