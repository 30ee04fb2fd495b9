import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { databaseSettingsSchema } from '@key-connector/database';
import type { DatabaseServer } from '../lab/databases/database.server.js';
import { mysqlReason, ownsMariadb, startMariadb } from '../lab/databases/mariadb.server.js';
import { ownsPostgres, startPostgres } from '../lab/databases/postgres.server.js';
import { startTdsDouble } from '../lab/databases/tds/double.js';
import { SqlError } from '../lab/databases/tds/tokens.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { freePort } from '../lab/network/free-port.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { describeIf } from '../lab/skip/skip.js';
import { newId, openDatabase } from './open-database.js';

interface Kind {
  readonly name: string;
  readonly here: boolean;
  readonly reason: string;
  readonly setting: string;
  start(): Promise<DatabaseServer>;
  /** Makes a login that may do all that ours does. */
  create(user: string, password: string): string;
  password(user: string, password: string): string;
  /** Ends the sessions of a login. */
  end(user: string): string;
  /** A row for each session of a login. */
  sessions(user: string): string;
}

const postgresql: Kind = {
  name: 'PostgreSQL',
  here: ownsPostgres,
  reason: 'TEST_POSTGRES_URL names a server whose roles are not ours',
  setting: 'postgreSqlConnectionString',
  start: async () => {
    const server = await startPostgres();
    const [found] = await server.query<{ path: string }>(`SELECT current_setting('hba_file') AS path`);
    // All but the administrator have to show a password.
    await server.query(
      `COPY (SELECT 'host all postgres 127.0.0.1/32 trust' UNION ALL SELECT 'host all all 127.0.0.1/32 scram-sha-256') TO '${found?.path ?? ''}'`,
    );
    await server.query('SELECT pg_reload_conf()');
    return server;
  },
  create: (user, password) =>
    `CREATE ROLE ${user} LOGIN PASSWORD '${password}' IN ROLE members; ALTER ROLE ${user} SET role = members`,
  password: (user, password) => `ALTER ROLE ${user} PASSWORD '${password}'`,
  end: (user) => `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${user}'`,
  sessions: (user) => `SELECT pid FROM pg_stat_activity WHERE usename = '${user}'`,
};

const mariadb: Kind = {
  name: 'MariaDB',
  here: ownsMariadb,
  reason: mysqlReason,
  setting: 'mySqlConnectionString',
  start: () => startMariadb(),
  create: (user, password) =>
    `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'; GRANT ALL ON *.* TO '${user}'@'%'`,
  password: (user, password) => `ALTER USER '${user}'@'%' IDENTIFIED BY '${password}'`,
  end: (user) => `KILL USER '${user}'@'%'`,
  sessions: (user) => `SELECT id FROM information_schema.processlist WHERE user = '${user}'`,
};

for (const kind of [postgresql, mariadb]) {
  describeIf(kind.here, kind.reason, `a login to ${kind.name} that changes while the service serves`, () => {
    let server: DatabaseServer;
    let folder: TempFolder;
    let deployment: Deployment;
    let metricsPort: number;
    const member = randomUUID();
    const key = randomBytes(32).toString('base64');
    const sql = (text: string): Promise<object[]> => server.query(text);
    const login = (user: string, password: string, database?: string): Promise<void> => {
      const url = new URL(server.url);
      url.username = user;
      url.password = password;
      if (database !== undefined) url.pathname = `/${database}`;
      return writeFile(join(folder.path, 'database'), url.toString());
    };
    const alarm = async (): Promise<string> => {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      return /key_connector_files_refused\{setting="database__\w+"\} (\d)/.exec(text)?.[1] ?? 'none';
    };
    const inUse = (): number => deployment.service.logs.filter(({ msg }) => msg === 'changed files are in use').length;
    const refusals = (): string[] =>
      deployment.service.logs
        .filter(({ msg }) => String(msg).startsWith('changed files are refused'))
        .map(({ reason }) => String(reason));
    /** Reads, and writes of new members, one behind the other on several connections, while something is done. */
    const underLoad = async (work: () => Promise<unknown>, writes = true): Promise<void> => {
      const answers = new Map<string, number>();
      const load = { runs: true };
      const ask = async (method: 'GET' | 'PUT'): Promise<void> => {
        while (load.runs) {
          const id = method === 'GET' ? member : randomUUID();
          const { status } = await deployment.call(method, id, method === 'GET' ? undefined : key);
          answers.set(`${method} ${status}`, (answers.get(`${method} ${status}`) ?? 0) + 1);
        }
      };
      const asking = Promise.all([ask('GET'), ask('GET'), ask('GET'), ...(writes ? [ask('PUT')] : [])]);
      await work().finally(() => (load.runs = false));
      await asking;
      expect([...answers.keys()].filter((answer) => !answer.endsWith(' 200'))).toEqual([]);
    };

    beforeAll(async () => {
      server = await kind.start();
      folder = await tempFolder('rotating-login');
      metricsPort = await freePort();
      if (kind === postgresql)
        await sql('CREATE ROLE members; GRANT ALL ON SCHEMA public TO members; GRANT ALL ON DATABASE keys TO members');
      await sql(kind.create('first', 'one'));
      await login('first', 'one');
      deployment = await startDeployment({
        database: {
          settings: {
            provider: server.settings['provider'] ?? '',
            [`${kind.setting}_FILE`]: join(folder.path, 'database'),
          },
        },
        settings: { metrics__port: String(metricsPort), files__checkSeconds: '1' },
      });
      expect((await deployment.call('PUT', member, key)).status).toBe(200);
    });
    afterAll(async () => {
      await deployment.stop();
      await server.stop();
      await folder.remove();
    });

    test('is told first and changed in the database then, without a lost request', async () => {
      await underLoad(async () => {
        await login('first', 'two');
        await until(async () => (await alarm()) === '1', 'the new password is refused, and the alarm is raised');
        await sql(kind.password('first', 'two'));
      });
      // Every further connection has to log in, at once.
      await underLoad(async () => {
        await sql(kind.end('first'));
        await until(async () => (await alarm()) === '0', 'the alarm is over', 90_000);
      }, false);
      await until(() => inUse() === 1, 'the log says so');
      expect(refusals()).toHaveLength(1);
    });

    test('becomes another user’s, as Vault gives them, without a lost request', async () => {
      await sql(kind.create('second', 'other'));
      await underLoad(async () => {
        await login('second', 'other');
        await until(() => inUse() === 2, 'the new user is in use');
        await until(async () => (await sql(kind.sessions('first'))).length === 0, 'no session of the old one is left');
      });
      await sql(kind.password('first', 'gone'));
      await underLoad(() => until(async () => (await deployment.call('GET', member)).status === 200, 'it is served'));
      expect(await alarm()).toBe('0');
    });

    test('that the database refuses is refused with an alarm, and the one before goes on', async () => {
      const before = refusals().length;
      await underLoad(async () => {
        await login('second', 'wrong');
        await until(async () => (await alarm()) === '1', 'the alarm is raised');
      });
      await until(() => refusals().length > before, 'the log says so');
      expect(refusals().join()).not.toMatch(/wrong|other/);
      await writeFile(join(folder.path, 'database'), 'no connection string');
      await until(() => refusals().length > before + 1, 'the log says that it is none', 20_000);
      await login('second', 'other');
      await until(async () => (await alarm()) === '0', 'the one in use is back');
    });

    test('never leads to another database: members are not looked for elsewhere', async () => {
      await sql('CREATE DATABASE elsewhere');
      const before = refusals().length;
      await underLoad(async () => {
        await login('second', 'other', 'elsewhere');
        await until(() => refusals().length > before, 'it is refused');
      });
      expect(refusals().at(-1)).toContain('differs in more than the login (database)');
    });
  });
}

describeIf(ownsPostgres, 'TEST_POSTGRES_URL names a server whose roles are not ours', 'a login to SQL Server', () => {
  test('that is told first and changed in the database then costs no read that needs a new connection', async () => {
    let taken = 'p';
    const double = await startTdsDouble({
      refuse: ({ password }) => (password === taken ? undefined : new SqlError(18_456, "Login failed for user 'sa'.")),
    });
    const settings = (password: string): Record<string, string> => ({
      provider: 'sqlserver',
      sqlServerConnectionString: double.connectionString.replace('Password=p', `Password=${password}`),
    });
    const opened = await openDatabase(settings('p'));
    const { database } = opened;
    try {
      const again = database.replaceLogin(databaseSettingsSchema.parse(settings('two')));
      await expect(again).rejects.toThrow('Login failed');
      expect(await database.read(({ userKeys }) => userKeys.find([newId()]))).toEqual([]);
      taken = 'two';
      const reads = Array.from({ length: 8 }, () => database.read(({ userKeys }) => userKeys.find([newId()])));
      expect((await Promise.all(reads)).flat()).toEqual([]);
      expect(double.server.logins.at(-1)?.password).toBe('two');
    } finally {
      await opened.close();
      await double.stop();
    }
  });
});
