import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { startPostgres } from '../lab/databases/postgres.server.js';
import { until } from '../lab/processes/until.js';
import { describeFaults, type FaultyServer, type FaultySuite } from './faults.suite.js';
import { newId, put } from './open-database.js';
import { postgresqlKind } from './postgresql-kind.js';

const nameOf = async ({ place }: FaultySuite): Promise<string> =>
  (await place.sql<{ name: string }>('SELECT current_database() AS name'))[0]?.name ?? '';

const presets = {
  timezone: 'America/New_York',
  datestyle: 'SQL, DMY',
  standard_conforming_strings: 'off',
  default_transaction_isolation: 'serializable',
};

/** Host names, ports and the like that lead nowhere; the server lets everybody in, so no password is wrong. */
const unusable = (port: number): (readonly [string, RegExp])[] => {
  const base = `Host=127.0.0.1;Port=${port};Username=postgres`;
  return [
    [`${base};Database=nosuch;Password=hunter2`, /"nosuch" does not exist \(3D000\)/],
    [`Host=127.0.0.1;Port=1;Database=x;Username=postgres;Password=hunter2`, /ECONNREFUSED/],
    [`${base};SSL Mode=Require;Password=hunter2`, /does not support SSL/],
  ];
};

const server: FaultyServer = {
  kind: postgresqlKind,
  endedAtDeadline: /statement timeout \(57014\)/,
  unusable,
  refuseWrites: async (suite) => {
    const alter = `ALTER DATABASE ${await nameOf(suite)}`;
    await suite.place.sql(`${alter} SET default_transaction_read_only = on`);
    const over = async (): Promise<void> => {
      await suite.databases.server.query(`${alter} RESET default_transaction_read_only`);
      // A session keeps what it began with.
      await suite.place.sql(postgresqlKind.endOthers);
    };
    return { settings: {}, over };
  },
  preset: async (suite) => {
    const alter = `ALTER DATABASE ${await nameOf(suite)}`;
    for (const [name, value] of Object.entries(presets)) await suite.place.sql(`${alter} SET ${name} = '${value}'`);
    return () => suite.databases.server.query(`${alter} RESET ALL`);
  },
  timeText: '08/03/2026 07:30:00.12',
};

describeFaults(server, (suite) => {
  test('of several hosts, the first that answers is used', async () => {
    const { port } = suite.databases.server;
    const name = await nameOf(suite);
    const string = `Host=127.0.0.1:1,127.0.0.1:${port};Database=${name};Username=postgres`;
    const database = await suite.open({ postgreSqlConnectionString: string });
    await expect(database.ping()).resolves.toBeUndefined();
  });

  test('when the host in use is gone for good, the next one is used', async () => {
    const other = await startPostgres();
    try {
      const ports = [suite.databases.server.port, other.port];
      const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
      const onOther = { postgreSqlConnectionString: `Host=127.0.0.1:${other.port};Database=keys;Username=postgres` };
      const id = newId();
      await put(await suite.open(onOther), id, 'other');
      const database = await suite.open({
        postgreSqlConnectionString: `Host=${hosts};Database=keys;Username=postgres`,
      });
      expect(await suite.valueOf(database, id)).toBeUndefined();
      await suite.databases.server.crash();
      await until(
        async () => (await suite.valueOf(database, id).catch(() => undefined)) === 'other',
        'the other host answers',
      );
    } finally {
      await other.stop();
      await suite.databases.server.launch();
    }
  });

  test('a password is asked for and sent, and a wrong one is refused without being shown', async () => {
    const [file] = await suite.databases.server.query<{ hba_file: string }>('SHOW hba_file');
    const path = file?.hba_file ?? '';
    await writeFile(path, `host all kc 127.0.0.1/32 scram-sha-256\n${await readFile(path, 'utf8')}`);
    await suite.databases.server.query(`CREATE ROLE kc SUPERUSER LOGIN PASSWORD 'it''s;hunter2'`);
    await suite.databases.server.query('SELECT pg_reload_conf()');
    const string = `Host=127.0.0.1;Port=${suite.databases.server.port};Database=keys;Username=kc`;
    const database = await suite.open({ postgreSqlConnectionString: `${string};Password='it''s;hunter2'` });
    await Promise.all(Array.from({ length: 8 }, () => database.ping()));
    const wrong = suite.open({ postgreSqlConnectionString: `${string};Password=hunter3` });
    await expect(wrong).rejects.toThrow(/password authentication failed for user "kc" \(28P01\)/);
    const none = suite.open({ postgreSqlConnectionString: string });
    await expect(none).rejects.toThrow(/the server asks for a password, and none is given/);
  });
});
