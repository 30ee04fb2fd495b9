import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from '@jest/globals';
import { DatabaseUnsupported } from '@key-connector/database';
import { ownsPostgres } from '../lab/databases/postgres.server.js';
import { describeIf } from '../lab/skip/skip.js';
import { newId, put, useDatabases } from './open-database.js';
import { postgresDatabases } from './test-database.js';

// Roles are the whole server's, and stay when a database goes.
describeIf(ownsPostgres, 'TEST_POSTGRES_URL names a server whose roles are not ours', 'a PostgreSQL login', () => {
  const suite = useDatabases(() => postgresDatabases());
  const sql = (text: string): Promise<object[]> => suite.place.sql(text);
  let role = '';
  /** The place as that login sees it. */
  const as = (query = ''): Record<string, string> => {
    const url = new URL(`${suite.place.settings['postgreSqlConnectionString'] ?? ''}${query}`);
    url.username = role;
    url.password = 'secret';
    return { postgreSqlConnectionString: url.toString() };
  };

  beforeEach(async () => {
    role = `login_${randomBytes(6).toString('hex')}`;
    await sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  });

  test('with a schema of its own never gets empty tables there that hide the members of another', async () => {
    await suite.place.loadClassic();
    await sql(`CREATE SCHEMA ${role} AUTHORIZATION ${role}; GRANT USAGE ON SCHEMA public TO ${role}`);
    const start = suite.open(as());
    await expect(start).rejects.toThrow(DatabaseUnsupported);
    await expect(start).rejects.toThrow(
      /stands in the schema "public".* Add Search Path=public to the connection string/,
    );
    expect(await sql(`SELECT tablename FROM pg_tables WHERE schemaname = '${role}'`)).toEqual([]);
  });

  test.each(['options=-c%20search_path%3Dkeys', 'Search%20Path=keys'])(
    'goes by %s to a schema of another name',
    async (way) => {
      await sql(`CREATE SCHEMA keys AUTHORIZATION ${role}`);
      const database = await suite.open(as(`?${way}`));
      const id = newId();
      await put(database, id, 'stored');
      expect(await sql('SELECT "Key" FROM keys."UserKeys"')).toEqual([{ Key: 'stored' }]);
      expect(await suite.place.tables()).toEqual([]);
    },
  );

  test('whose presets are odd stores and finds what any other does', async () => {
    const presets = [
      "TimeZone = 'Asia/Kolkata'",
      "DateStyle = 'German, DMY'",
      'standard_conforming_strings = off',
      "client_encoding = 'LATIN1'",
      "default_transaction_isolation = 'serializable'",
      "statement_timeout = '1ms'",
    ];
    await sql(
      `GRANT CREATE ON SCHEMA public TO ${role}; ${presets.map((one) => `ALTER ROLE ${role} SET ${one};`).join(' ')}`,
    );
    const database = await suite.open(as());
    const id = newId();
    const before = Date.now() - 1000;
    await put(database, id, 'stored');
    expect(await database.read(({ userKeys }) => userKeys.find([id]))).toEqual([
      { id, value: 'stored', dataKeyId: null },
    ]);
    const [row] = (await sql(
      `SELECT extract(epoch FROM "CreationDate" AT TIME ZONE 'UTC') * 1000 AS at FROM "UserKeys"`,
    )) as { at: string }[];
    expect(Number(row?.at)).toBeGreaterThan(before);
    expect(Number(row?.at)).toBeLessThan(Date.now() + 1000);
  });

  test('that may not read the list of migrations is told so, besides what to run', async () => {
    await suite.open();
    await expect(suite.open({ ...as(), migrate: 'false' })).rejects.toThrow(
      /this login may not read KeyConnectorMigrations/,
    );
  });

  test('needs no more rights than the documentation names, once the tables are there', async () => {
    await suite.open();
    await sql(`GRANT SELECT, INSERT, UPDATE ON "UserKeys" TO ${role};
      GRANT SELECT, INSERT, DELETE ON "UserKeyHistory" TO ${role};
      GRANT SELECT ON "ApplicationDatas", "RingManifests", "DataKeys", "DataKeyWrappings", "KeyConnectorMigrations" TO ${role};
      GRANT INSERT ON "DataKeys", "DataKeyWrappings", "RingManifests" TO ${role}`);
    const database = await suite.open(as());
    const id = newId();
    await put(database, id, 'old');
    await put(database, id, 'new');
    await database.write(({ userKeys }) => userKeys.touch([id], { at: new Date(), resolution: 0 }));
    expect(await database.read(({ userKeys }) => userKeys.find([id]))).toEqual([{ id, value: 'new', dataKeyId: null }]);
    await database.lock((manager) =>
      manager.query(`INSERT INTO "DataKeys" ("Id", "CreationDate") VALUES (1, '2026-01-01')`),
    );
  });
});
