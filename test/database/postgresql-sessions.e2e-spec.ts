import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type Database, DatabaseSessionWrong } from '@key-connector/database';
import { Logger } from '@nestjs/common';
import { ownsPostgres } from '../lab/databases/postgres.server.js';
import { until } from '../lab/processes/until.js';
import { describeIf } from '../lab/skip/skip.js';
import { newId, put, useDatabases } from './open-database.js';
import { postgresqlKind } from './postgresql-kind.js';
import { postgresDatabases } from './test-database.js';

const why = 'roles are made, which TEST_POSTGRES_URL may not allow';

describeIf(ownsPostgres, why, 'a session of PostgreSQL', () => {
  const suite = useDatabases(() => postgresDatabases());
  let name: string;
  let role: string;
  let warn: ReturnType<typeof jest.spyOn>;

  beforeEach(async () => {
    [{ name }] = (await suite.place.sql('SELECT current_database() AS name')) as [{ name: string }];
    // A role is the whole server's.
    role = `of_${name}`;
    await suite.place.sql(`CREATE ROLE ${role} LOGIN; CREATE SCHEMA keys AUTHORIZATION ${role}`);
    await suite.place.sql(`GRANT CREATE ON SCHEMA public TO ${role}`);
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const open = (more = ''): Promise<Database> =>
    suite.open({
      postgreSqlConnectionString: `Host=127.0.0.1;Port=${suite.databases.server.port};Database=${name};Username=${role}${more}`,
    });
  const tables = async (): Promise<string[]> =>
    (
      await suite.place.sql<{ place: string }>(
        `SELECT schemaname || '.' || tablename AS place FROM pg_tables WHERE tablename = 'UserKeys'`,
      )
    ).map(({ place }) => place);
  const alter = (change: string): Promise<object[]> =>
    suite.place.sql(`ALTER ROLE ${role} IN DATABASE ${name} ${change}`);

  test.each<[string, string, string]>([
    ['its role’s', 'SET search_path = keys', ''],
    ['the connection string’s, over its role’s', 'SET search_path = public', ';Search Path=keys'],
    ['the connection string’s, with more schemas', 'RESET ALL', ';Search Path="KEYS, public"'],
    ['that of Options', 'RESET ALL', ';Options=-c search_path=keys,public -c TimeZone=Europe/Paris -c app.tenant=x'],
    [
      'that of Options, with parameters by any case',
      'RESET ALL',
      ';Options=-c Search_Path=keys -c IntervalStyle=iso_8601 -c DateStyle=ISO',
    ],
    ['its user’s own schema, where there is none', 'RESET ALL', `;Search Path='"$user", keys'`],
  ])('takes the search path that was asked for: %s', async (_, preset, string) => {
    await alter(preset);
    const database = await open(string);
    await database.ping();
    expect(await tables()).toEqual(['keys.UserKeys']);
    expect(warn).not.toHaveBeenCalled();
  });

  test('takes a schema whose name needs quotes', async () => {
    await suite.place.sql('ALTER SCHEMA keys RENAME TO "Our Keys, all"');
    await open(`;Search Path='"Our Keys, all"'`);
    expect(await tables()).toEqual(['Our Keys, all.UserKeys']);
  });

  test.each<[string, string, string]>([
    ['is not there', 'ALTER SCHEMA keys RENAME TO others', ';Search Path=keys,public'],
    ['is not for this login', 'ALTER SCHEMA keys OWNER TO postgres', ';Search Path=keys,public'],
    ['is not there, nor is any other', 'SELECT 1', ';Search Path=nosuch'],
  ])('whose first schema %s ends the start, and nothing is made in another one', async (_, change, string) => {
    await suite.place.sql(change);
    await expect(open(string)).rejects.toThrow(DatabaseSessionWrong);
    expect(await tables()).toEqual([]);
  });

  test('whose role can never write ends the start, with the way out', async () => {
    await open(';Search Path=keys');
    await alter('SET default_transaction_read_only = on');
    await expect(open(';Search Path=keys')).rejects.toThrow(/ALTER ROLE … RESET default_transaction_read_only/);
  });

  test('of a database that takes no writes for now is good enough for a start', async () => {
    const id = newId();
    await put(await open(';Search Path=keys'), id, 'v');
    await suite.place.sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const database = await open(';Search Path=keys');
    expect(await database.read(({ userKeys }) => userKeys.find([id]))).toHaveLength(1);
  });

  test('that reads elsewhere than members are gives no data key: what must belong together is read where it was asked', async () => {
    await open(';Search Path=public');
    const database = await open(';Search Path=keys;Maximum Pool Size=1');
    const dataKeys = (): Promise<object[]> => database.snapshot((manager) => manager.query('SELECT * FROM "DataKeys"'));
    await suite.place.sql(`INSERT INTO public."DataKeys" VALUES (7, now())`);
    expect(await dataKeys()).toEqual([]);
    // As a pooler gives the next transaction a session that another one has left so.
    await database.read(({ manager }) => manager.query('SET search_path = public'));
    await expect(dataKeys()).rejects.toThrow(DatabaseSessionWrong);
  });

  test.each([
    ['off', 'on'],
    ['local', 'local'],
    ['remote_apply', 'remote_apply'],
  ])('whose synchronous_commit is %s keeps what it acknowledges by %s', async (preset, kept) => {
    await alter(`SET synchronous_commit = ${preset}`);
    const database = await open(';Search Path=keys');
    const setting = `SELECT current_setting('synchronous_commit') AS setting`;
    // Deferred, so that it says what the commit itself goes by.
    await suite.place.sql(`
      CREATE TABLE keys.commits AS ${setting} LIMIT 0;
      GRANT INSERT ON keys.commits TO ${role};
      CREATE FUNCTION keys.note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO keys.commits ${setting}; RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER noted AFTER INSERT OR UPDATE ON keys."UserKeys" DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION keys.note()`);
    const id = newId();
    await put(database, id, 'v');
    await put(database, id, 'w');
    expect(await suite.place.sql('SELECT * FROM keys.commits')).toEqual([{ setting: kept }, { setting: kept }]);
    expect(await database.lock((manager) => manager.query(setting))).toEqual([{ setting: kept }]);
  });

  test('that turns to another schema while serving never says that a member has no key', async () => {
    const id = newId();
    await put(await open(';Search Path=public'), newId(), 'of another deployment');
    await alter('SET search_path = keys');
    const database = await open();
    await put(database, id, 'v');
    await alter('SET search_path = public');
    await suite.place.sql(postgresqlKind.endOthers);
    const found = (): Promise<number> =>
      database.read(({ userKeys }) => userKeys.find([id])).then(({ length }) => length);
    await expect(found()).rejects.toThrow(/undo it, or restart/);
    await expect(database.ping()).rejects.toThrow(DatabaseSessionWrong);
    await alter('SET search_path = keys');
    await until(async () => (await found().catch(() => 0)) === 1, 'a ping finds the sessions right again');
  });
});
