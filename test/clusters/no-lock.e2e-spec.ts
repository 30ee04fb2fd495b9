import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { keySettings } from '../cli/cli-settings.js';
import { applyScript, ownClientOf } from '../cli/own-client.js';
import { mariadbKind } from '../database/mariadb-kind.js';
import { postgresqlKind } from '../database/postgresql-kind.js';
import { mysqlDatabases, postgresDatabases, type TestDatabase, type TestDatabases } from '../database/test-database.js';
import { startRefusingProxy } from '../lab/databases/refusing-proxy.js';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { until } from '../lab/processes/until.js';
import { Replica } from '../lab/service/replica.process.js';
import { runCli, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';

jest.setTimeout(120_000);

const file = resolve(import.meta.dirname, '../fixtures/classic/data.json');
const members = (JSON.parse(readFileSync(file, 'utf8')) as { userKey: object[] }).userKey.length;

type Settings = Readonly<Record<string, string>>;

/** A kind of database, with a way to it on which there is no lock. */
interface Lockless {
  readonly databases: TestDatabases;
  /** Settings that lead to a database without its lock. */
  settings(place: TestDatabase): Promise<Settings>;
  stop(): Promise<void>;
}

async function mariadbRefusing(errno: number, message: string): Promise<Lockless> {
  const databases = await mysqlDatabases();
  const proxy = await startRefusingProxy(databases.server.port, { query: /GET_LOCK/i, errno, message });
  return {
    databases,
    settings: ({ settings }) => {
      const url = new URL(settings['mySqlConnectionString'] ?? '');
      url.port = String(proxy.port);
      return Promise.resolve({ ...settings, mySqlConnectionString: url.toString() });
    },
    stop: async () => {
      await proxy.stop();
      await databases.stop();
    },
  };
}

/** Functions can be told apart by the database that they are in. */
async function postgresWith(...sql: readonly string[]): Promise<Lockless> {
  const databases = await postgresDatabases();
  await databases.server.query('CREATE ROLE modest LOGIN');
  return {
    databases,
    settings: async (place) => {
      for (const statement of ['GRANT CREATE ON SCHEMA public TO modest', ...sql]) await place.sql(statement);
      const url = new URL(place.settings['postgreSqlConnectionString'] ?? '');
      url.username = 'modest';
      return { ...place.settings, postgreSqlConnectionString: url.toString() };
    },
    stop: () => databases.stop(),
  };
}

const kinds = [
  {
    name: 'Percona XtraDB Cluster, which forbids it (1105)',
    kind: mariadbKind,
    client: 'MySQL',
    start: () =>
      mariadbRefusing(1105, 'Percona-XtraDB-Cluster prohibits use of GET_LOCK with pxc_strict_mode = ENFORCING'),
  },
  {
    name: 'a PostgreSQL that has no such function',
    kind: postgresqlKind,
    client: 'PostgreSQL',
    start: () => postgresWith('ALTER FUNCTION pg_catalog.pg_advisory_xact_lock(bigint) RENAME TO no_such_lock'),
  },
];

for (const { name, kind, client, start } of kinds) {
  describeIf(kind.here, kind.reason, `without a lock of the database, on ${name}`, () => {
    let lockless: Lockless;
    let issuer: IssuerServer;
    let folder: TempFolder;
    let common: Settings;

    beforeAll(async () => {
      [lockless, issuer, folder] = await Promise.all([start(), startIssuer(), tempFolder('no-lock')]);
      common = { identityServerUri: issuer.uri, ...certificateSettings(await makeKeyCertificate(folder.path)) };
    });
    afterAll(async () => {
      await lockless.stop();
      await issuer.stop();
      await folder.remove();
    });

    const settingsOf = async (place: TestDatabase): Promise<Settings> => ({
      ...common,
      ...Object.fromEntries(
        Object.entries(await lockless.settings(place)).map(([key, value]) => [`database__${key}`, value]),
      ),
    });
    const call = (url: string, method: string, member: string, key?: string): Promise<Response> =>
      fetch(`${url}/user-keys`, {
        method,
        headers: {
          authorization: `Bearer ${issuer.token({ claims: { sub: member } })}`,
          'content-type': 'application/json',
        },
        ...(key === undefined ? {} : { body: JSON.stringify({ key }) }),
      });

    /** Runs work of so many on empty tables: none can insert a data key before all have seen that there is none. */
    const heldAtDataKeys = async <T>(
      place: TestDatabase,
      settings: Settings,
      many: number,
      work: () => Promise<T>,
    ): Promise<T> => {
      await runCli(['migrations', 'run'], settings);
      const lock = kind.lockMembersForReads.replace('UserKeys', 'DataKeys');
      const holder = await kind.hold(place.settings[kind.stringSetting] ?? '', lock);
      const done = work();
      try {
        await until(async () => (await place.sql(kind.waitingForTable)).length === many, `${many} wait to insert`);
      } finally {
        await holder.end();
      }
      return done;
    };

    test('replicas that start at once make one data key, and each reads what any of them stores', async () => {
      const replicas = await Promise.all(Array.from({ length: 3 }, () => Replica.launch()));
      try {
        for (const migrated of [false, true]) {
          const place = await lockless.databases.create();
          const settings = await settingsOf(place);
          const start = (): Promise<string[]> => Promise.all(replicas.map((replica) => replica.start(settings)));
          const urls = migrated ? await heldAtDataKeys(place, settings, replicas.length, start) : await start();
          expect(await place.sql('SELECT "Id" FROM "DataKeys" WHERE "Id" >= 0')).toHaveLength(1);
          expect(await place.sql('SELECT "DataKeyId" FROM "DataKeyWrappings" WHERE "DataKeyId" >= 0')).toHaveLength(1);
          for (const writer of urls) {
            const [member, key] = [randomUUID(), randomBytes(32).toString('base64')];
            expect((await call(writer, 'POST', member, key)).status).toBe(200);
            for (const reader of urls) expect(await (await call(reader, 'GET', member)).json()).toMatchObject({ key });
          }
          await Promise.all(replicas.map((replica) => replica.stop()));
        }
      } finally {
        await Promise.all(replicas.map((replica) => replica.end()));
      }
    });

    test('a JSON file that two import at once is imported once, and each of them succeeds', async () => {
      const place = await lockless.databases.create();
      const settings = { ...(await settingsOf(place)), ...keySettings({}) };
      const imports = await heldAtDataKeys(place, settings, 2, () =>
        Promise.all([1, 2].map(() => runCli(['import', 'json', file], settings))),
      );
      expect(imports.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
        { code: 0, stderr: expect.any(String) },
        { code: 0, stderr: expect.any(String) },
      ]);
      expect(await place.sql('SELECT "Id" FROM "ApplicationDatas"')).toHaveLength(1);
      expect(await place.sql('SELECT "Id" FROM "DataKeys" WHERE "Id" >= 0')).toHaveLength(1);
      expect(await place.sql('SELECT "Id" FROM "UserKeys"')).toHaveLength(members);
    });

    test('printed migrations lead to the first data key, and the log says once that there is no lock', async () => {
      const place = await lockless.databases.create();
      const settings = await settingsOf(place);
      const script = await runCli(['migrations', 'print'], settings);
      await applyScript(ownClientOf(client), databaseSettings(settings), script.stdout);
      const service = await startService({ settings: { ...settings, database__migrate: 'false' } });
      try {
        expect(await place.sql('SELECT "Id" FROM "DataKeys" WHERE "Id" >= 0')).toHaveLength(1);
        const lines = (): number =>
          service.logs.filter(({ msg }) => String(msg).startsWith('The database has no lock')).length;
        await until(() => lines() > 0, 'the log says so');
        await service.terminate();
        expect(lines()).toBe(1);
      } finally {
        await service.kill();
      }
    });
  });
}

const databaseSettings = (settings: Settings): Settings =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => key.startsWith('database__'))
      .map(([key, value]) => [key.slice('database__'.length), value]),
  );
