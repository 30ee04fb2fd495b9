import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { DatabaseUnsupported } from '@key-connector/database';
import { openDatabase, useDatabases } from '../database/open-database.js';
import { testKinds } from '../database/test-database.js';
import { tempFolder } from '../lab/files/temp-folder.js';
import type { Outcome } from '../lab/processes/child-process.js';
import { runCli } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { cliSettings } from './cli-settings.js';
import { applyScript, applyWhatGoes, ownClientOf } from './own-client.js';

for (const kind of testKinds) {
  const client = ownClientOf(kind.name);
  const { installed, reason } = client.program;
  const title = `key-connector migrations on ${kind.name}`;
  describeIf(kind.here && installed, kind.here ? reason : kind.reason, title, () => {
    const suite = useDatabases(kind.start);
    const migrations = (...args: readonly string[]): Promise<Outcome> =>
      runCli(['migrations', ...args], cliSettings(suite.place.settings));
    const schema = (): Promise<object[]> => suite.place.sql(client.schemaQuery);

    /** The schema that the service makes by itself. */
    const migratedSchema = async (classic: boolean): Promise<object[]> => {
      const place = await suite.databases.create();
      if (classic) await place.loadClassic();
      suite.opened.push(await openDatabase(place.settings));
      return place.sql(client.schemaQuery);
    };

    test.each([
      ['an empty', false],
      ['a classic', true],
    ])(
      'printing leaves %s database as it is; the printed script brings it to where the service brings it',
      async (_, classic) => {
        if (classic) await suite.place.loadClassic();
        const before = await schema();
        const script = await migrations('print');
        expect(await schema()).toEqual(before);
        expect(script).toMatchObject({ code: 0, stderr: '' });
        await applyScript(client, suite.place.settings, script.stdout);
        expect(await schema()).toEqual(await migratedSchema(classic));
        await suite.open({ migrate: 'false' });
        expect((await migrations('print')).stdout).toMatch(/^-- Nothing is pending on /);
      },
    );

    test('the printed script commits what it did, also where the client commits nothing by itself', async () => {
      const { stdout } = await migrations('print');
      await applyScript(client, suite.place.settings, `${client.manualCommits ?? ''}\n${stdout}`);
      await expect(suite.open({ migrate: 'false' })).resolves.toBeDefined();
    });

    test('a client that goes on after an error notes no migration that failed, and what is printed anew ends the work', async () => {
      const { stdout } = await migrations('print');
      await suite.place.sql('CREATE TABLE "DataKeys" ("Id" varchar(10) NOT NULL PRIMARY KEY)');
      await applyWhatGoes(client, suite.place.settings, stdout);
      await expect(suite.open({ migrate: 'false' })).rejects.toThrow(/lacks the migrations .*DataKeys\d+/);
      await suite.place.sql('DROP TABLE "DataKeys"');
      await applyScript(client, suite.place.settings, (await migrations('print')).stdout);
      expect(await schema()).toEqual(await migratedSchema(false));
      await expect(suite.open({ migrate: 'false' })).resolves.toBeDefined();
    });

    test('only what is still pending is printed', async () => {
      await migrations('run');
      await suite.place.sql(`DELETE FROM "KeyConnectorMigrations" WHERE "name" LIKE 'DataKeys%'`);
      const { stdout } = await migrations('print');
      expect(stdout).toMatch(/CREATE TABLE .*["`[]DataKeys["`\]]/);
      expect(stdout).not.toMatch(/CREATE TABLE.*["`[](KeyConnectorMigrations|UserKeys)["`\]]/);
    });

    test('print --all gives what an empty database needs, and asks no database', async () => {
      const { stdout } = await migrations('print');
      const nowhere = {
        ...suite.place.settings,
        sqliteConnectionString: 'Data Source=/nowhere/keys.sqlite',
        mySqlConnectionString: 'Server=127.0.0.1;Port=1;Database=keys;User Id=nobody',
        postgreSqlConnectionString: 'Host=127.0.0.1;Port=1;Database=keys;Username=nobody',
        sqlServerConnectionString: 'Server=127.0.0.1,1;Database=keys;User Id=nobody;Password=none',
      };
      expect(await runCli(['migrations', 'print', '--all'], cliSettings(nowhere))).toEqual({
        code: 0,
        stdout,
        stderr: '',
      });
    });

    test('run says what it ran, also where the service may not, and nothing the second time', async () => {
      const settings = { ...cliSettings(suite.place.settings), database__migrate: 'false' };
      expect((await runCli(['migrations', 'run', '--dry-run'], settings)).stdout).toMatch(/^Would run .* on /);
      expect((await runCli(['migrations', 'run'], settings)).stdout).toMatch(
        /^Ran ClassicTables\d+, DataKeys\d+.* on /,
      );
      expect((await runCli(['migrations', 'run'], settings)).stdout).toMatch(/^Nothing was pending on /);
      await suite.open({ migrate: 'false' });
    });

    test('a start that may not migrate names the commands', async () => {
      const start = suite.open({ migrate: 'false' });
      await expect(start).rejects.toThrow(DatabaseUnsupported);
      await expect(start).rejects.toThrow(/"key-connector migrations run".*"key-connector migrations print"/);
    });
  });
}

test('printing for an SQLite file that is not there yet makes none, and gives what an empty one needs', async () => {
  const folder = await tempFolder('migrations-print');
  try {
    const sqliteConnectionString = `Data Source=${folder.path}/keys.sqlite`;
    const settings = cliSettings({ provider: 'sqlite', sqliteConnectionString });
    const printed = await runCli(['migrations', 'print'], settings);
    expect(printed).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('CREATE TABLE') });
    expect(await readdir(folder.path)).toEqual([]);
    expect(printed).toEqual(await runCli(['migrations', 'print', '--all'], settings));
    await writeFile(`${folder.path}/keys.sqlite`, '');
    expect(await runCli(['migrations', 'print'], settings)).toEqual(printed);
    expect(await readdir(folder.path)).toEqual(['keys.sqlite']);
    expect(await readFile(`${folder.path}/keys.sqlite`, 'latin1')).toBe('');
  } finally {
    await folder.remove();
  }
});
