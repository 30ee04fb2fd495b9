import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Database, DatabaseSessionWrong, DatabaseUnavailable } from '@key-connector/database';
import { Logger } from '@nestjs/common';
import { insert, newId, type OpenDatabase, openDatabase, put } from '../database/open-database.js';
import {
  type Pgbouncer,
  type PgbouncerOptions,
  pgbouncers,
  startPgbouncer,
} from '../lab/databases/pgbouncer.server.js';
import { postgresqlKind } from '../database/postgresql-kind.js';
import { freshName } from '../lab/databases/hosted.server.js';
import { ownsPostgres, type PostgresServer, startPostgres } from '../lab/databases/postgres.server.js';
import { queryOnce } from '../lab/databases/postgres.client.js';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { until } from '../lab/processes/until.js';
import { Replica } from '../lab/service/replica.process.js';
import { describeIf, testIf } from '../lab/skip/skip.js';

const login = 'kc';
const replicaCount = 5;
/** As a popular operator's image has it. */
const dropsOptions = { ignore_startup_parameters: 'extra_float_digits,options' };

let replicas: Replica[] = [];
let issuer: IssuerServer;
let folder: TempFolder;
let common: Readonly<Record<string, string>>;
beforeAll(async () => {
  issuer = await startIssuer();
  folder = await tempFolder('poolers');
  common = { identityServerUri: issuer.uri, ...certificateSettings(await makeKeyCertificate(folder.path)) };
});
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.end()));
  await issuer.stop();
  await folder.remove();
});

for (const pgbouncer of pgbouncers) {
  const reason = ownsPostgres ? pgbouncer.reason : 'TEST_POSTGRES_URL names a server of others';
  describeIf(ownsPostgres && pgbouncer.installed, reason, `behind ${pgbouncer.tool}`, () => {
    let server: PostgresServer;
    let pooler: Pgbouncer | undefined;
    let name: string;
    let opened: OpenDatabase[];
    let warn: ReturnType<typeof jest.spyOn>;

    beforeAll(async () => {
      server = await startPostgres({ parameters: { max_connections: '200' } });
      await server.query(`CREATE ROLE ${login} LOGIN`);
    });
    afterAll(() => server.stop());

    const sql = <Row extends object>(text: string): Promise<Row[]> =>
      queryOnce<Row>({ host: server.host, port: server.port, user: server.user, database: name }, text);
    const front = async (options: PgbouncerOptions): Promise<Pgbouncer> => {
      pooler = await startPgbouncer(server, { ...options, tool: pgbouncer.tool, others: [login] });
      return pooler;
    };
    const stringTo = (there: Pgbouncer, more = ''): string =>
      there.connectionString({ user: login, database: name }) + more;
    const open = async (there: Pgbouncer, more = ''): Promise<Database> => {
      const one = await openDatabase({ provider: 'postgresql', postgreSqlConnectionString: stringTo(there, more) });
      opened.push(one);
      return one.database;
    };
    const places = async (): Promise<string[]> =>
      (
        await sql<{ place: string }>(
          `SELECT schemaname || '.' || tablename AS place FROM pg_tables WHERE tablename = 'UserKeys'`,
        )
      ).map(({ place }) => place);

    beforeEach(async () => {
      opened = [];
      name = freshName();
      warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      await server.query(`CREATE DATABASE ${name}`);
      await sql(`GRANT CREATE ON SCHEMA public TO ${login}; CREATE SCHEMA keys AUTHORIZATION ${login}`);
    });
    afterEach(async () => {
      jest.restoreAllMocks();
      await Promise.all(opened.map((one) => one.close()));
      await pooler?.stop();
      pooler = undefined;
    });

    describe.each(['session', 'transaction'] as const)('in %s mode', (mode) => {
      test('five first starts at once make one data key, and each reads what the others stored', async () => {
        const there = await front({ mode, parameters: { default_pool_size: '60' } });
        if (replicas.length === 0)
          replicas = await Promise.all(Array.from({ length: replicaCount }, () => Replica.launch()));
        const database = { database__provider: 'postgresql', database__postgreSqlConnectionString: stringTo(there) };
        try {
          const urls = await Promise.all(replicas.map((replica) => replica.start({ ...common, ...database })));
          expect(await sql('SELECT "Id" FROM "DataKeys" WHERE "Id" >= 0')).toHaveLength(1);
          const members = urls.map((url) => ({ url, id: randomUUID(), key: randomBytes(32).toString('base64') }));
          const call = (url: string, method: string, id: string, key?: string): Promise<Response> =>
            fetch(`${url}/user-keys`, {
              method,
              headers: {
                authorization: `Bearer ${issuer.token({ claims: { sub: id } })}`,
                'content-type': 'application/json',
              },
              ...(key === undefined ? {} : { body: JSON.stringify({ key }) }),
            });
          const stored = await Promise.all(members.map(({ url, id, key }) => call(url, 'POST', id, key)));
          expect(stored.map(({ status }) => status)).toEqual(members.map(() => 200));
          const read = members.map(async ({ id }, n) =>
            (await call(urls[(n + 1) % urls.length] ?? '', 'GET', id)).json(),
          );
          expect(await Promise.all(read)).toEqual(members.map(({ key }) => ({ key })));
        } finally {
          await Promise.all(replicas.map((replica) => replica.stop()));
        }
      });

      test('no statement of a read is prepared: sessions are shared', async () => {
        const database = await open(await front({ mode }), ';Maximum Pool Size=1');
        for (let n = 0; n < 3; n += 1) await database.read(({ userKeys }) => userKeys.find([newId()]));
        const [here] = opened;
        expect(await here?.source.query<unknown[]>('SELECT name FROM pg_prepared_statements')).toEqual([]);
      });

      test('a Search Path that it drops ends the start, and nothing is made in public', async () => {
        const there = await front({ mode, parameters: dropsOptions });
        const start = open(there, ';Search Path=keys');
        await expect(start).rejects.toThrow(DatabaseSessionWrong);
        await expect(start).rejects.toThrow(/ALTER ROLE … SET search_path = keys/);
        expect(await places()).toEqual([]);
      });

      test('a Search Path that it refuses or drops is good where the role has the same', async () => {
        await sql(`ALTER ROLE ${login} IN DATABASE ${name} SET search_path = keys`);
        await open(await front({ mode }), ';Search Path=keys');
        await pooler?.stop();
        await open(await front({ mode, parameters: dropsOptions }), ';Search Path=keys');
        expect(await places()).toEqual(['keys.UserKeys']);
        expect(warn).toHaveBeenCalledWith(
          expect.objectContaining({ msg: expect.stringContaining('SET statement_timeout = 10000') }),
        );
      });

      test('sessions that turn to another schema never tell that a member has no key', async () => {
        const other = await front({ mode });
        await put(await open(other), newId(), 'of another deployment');
        await other.stop();
        await sql(`ALTER ROLE ${login} IN DATABASE ${name} SET search_path = keys`);
        const there = await front({ mode });
        const database = await open(there);
        const id = newId();
        await put(database, id, 'v');
        await sql(`ALTER ROLE ${login} IN DATABASE ${name} SET search_path = public`);
        await there.command('RECONNECT');
        await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${login}'`);
        const answers = new Set<number | string>();
        const ask = async (): Promise<void> => {
          const rows = database.read(({ userKeys }) => userKeys.find([id]));
          answers.add(
            await rows.then(
              ({ length }) => length,
              (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
            ),
          );
        };
        for (let n = 0; n < 20; n += 1) await ask();
        await expect(database.ping()).rejects.toThrow(DatabaseSessionWrong);
        for (let n = 0; n < 20; n += 1) await ask();
        expect([...answers]).not.toContain(0);
        expect(answers).toContain('DatabaseSessionWrong');
      });
    });

    testIf(
      pgbouncer.tool === 'pgbouncer-debian13',
      'the older one cannot track it',
      'a Search Path that it tracks is taken, where the server reports it',
      async () => {
        await open(
          await front({ mode: 'transaction', parameters: { track_extra_parameters: 'search_path' } }),
          ';Search Path=keys',
        );
        expect(await places()).toEqual(['keys.UserKeys']);
      },
    );

    test('a write that waits for a row is ended by the server itself, and not done by the pooler when the row is free', async () => {
      const there = await front({ mode: 'transaction' });
      const one = await openDatabase({
        provider: 'postgresql',
        postgreSqlConnectionString: stringTo(there),
        statementTimeoutSeconds: '1',
      });
      opened.push(one);
      const id = newId();
      await put(one.database, id, 'old');
      const address = `postgres://${server.user}@${server.host}:${server.port}/${name}`;
      const holder = await postgresqlKind.hold(address, `UPDATE "UserKeys" SET "Key" = "Key" WHERE "Id" = '${id}'`);
      await expect(put(one.database, id, 'refused')).rejects.toThrow(DatabaseUnavailable);
      // Its limit came with it: the pooler would keep it running otherwise, though nobody listens.
      expect(await sql(holder.rowWaiters)).toHaveLength(0);
      await holder.run('ROLLBACK');
      const running = `SELECT 1 FROM pg_stat_activity WHERE usename = '${login}' AND state = 'active'`;
      await until(async () => (await sql(running)).length === 0, 'what the pooler kept has run');
      expect(await one.database.read(({ userKeys }) => userKeys.find([id]))).toMatchObject([{ value: 'old' }]);
      await holder.end();
    });

    test('in session mode, a burst waits for the few connections that it gives', async () => {
      const database = await open(await front({ mode: 'session', parameters: { default_pool_size: '3' } }));
      for (let round = 0; round < 3; round += 1) {
        const stored = Array.from({ length: 40 }, () => insert(database, { id: newId(), value: 'v', dataKeyId: null }));
        expect(new Set(await Promise.all(stored))).toEqual(new Set([true]));
      }
    });

    test('a server, and a pooler, that restarts is back within moments with server_login_retry=1, and no key is lost', async () => {
      const there = await front({ mode: 'transaction', parameters: { server_login_retry: '1' } });
      const database = await open(there);
      const id = newId();
      const storesAgain = async (): Promise<string> => {
        const value = randomUUID();
        const outcomes = new Set<unknown>();
        await until(async () => {
          const outcome: unknown = await put(database, id, value).then(
            () => 'stored',
            (error: unknown) => (error instanceof DatabaseUnavailable ? 'unavailable' : error),
          );
          outcomes.add(outcome);
          return outcome !== 'unavailable';
        }, 'a write is taken again');
        expect(['stored', 'unavailable']).toEqual(expect.arrayContaining([...outcomes]));
        return value;
      };
      const restartPooler = async (): Promise<void> => {
        await there.crash();
        await there.launch();
      };
      for (const restart of [() => server.restart(), restartPooler]) {
        await storesAgain();
        await restart();
        const stored = await storesAgain();
        expect(await database.read(({ userKeys }) => userKeys.find([id]))).toMatchObject([{ value: stored }]);
      }
    });
  });
}
