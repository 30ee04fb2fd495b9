import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openAsClassicSoftware, referenceOpenClassic } from '@key-connector/key-ring/testing';
import { databasesTimeout, type TestDatabase, type TestDatabases, databaseKinds } from '../database/test-database.js';
import { Child } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { cliEntry, productionEnvironment, type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { loadMembers, resultOf, whileServed } from './while-served.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const { users } = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as {
  users: Record<string, { key: string }>;
};

for (const { name, here, reason, start } of databaseKinds)
  describeIf(here, reason, `a classic deployment on ${name}, while two replicas serve`, () => {
    layoutUnderLoad(start);
  });

function layoutUnderLoad(start: () => Promise<TestDatabases>): void {
  let databases: TestDatabases;
  let database: TestDatabase;
  let deployment: Deployment;
  let replicas: readonly ServiceProcess[] = [];

  const run = (...args: string[]): Promise<Record<string, unknown>> => resultOf(args, deployment.settings);
  const manifests = async (): Promise<number> => (await database.sql('SELECT "Version" FROM "RingManifests"')).length;
  const values = async (): Promise<{ id: string; value: string; dataKeyId: number | null }[]> =>
    database.sql(
      `SELECT ${database.text('"Id"')} AS "id", "Key" AS "value", "DataKeyId" AS "dataKeyId" FROM "UserKeys"`,
    );
  const expectServed = async (): Promise<void> => {
    for (const [id, { key }] of Object.entries(users))
      await expect((await deployment.call('GET', id)).json()).resolves.toEqual({ key });
  };
  beforeAll(async () => {
    databases = await start();
    database = await databases.create();
    await database.loadClassic();
    deployment = await startDeployment({
      database,
      settings: {
        certificate__filesystemPath: join(fixtures, 'bwkc-aes.pfx'),
        certificate__filesystemPassword: 'fixture-password',
        userKeys__replaceGuardMinutes: '0',
        keyRing__reloadSeconds: '1',
      },
    });
    replicas = [deployment.service, await startService({ settings: deployment.settings })];
  }, databasesTimeout);
  afterAll(async () => {
    for (const replica of replicas) await replica.terminate();
    await deployment.stop();
    await databases.stop();
  });

  test('is taken into the bound layout by a command that is killed and run again, and refuses classic software from then on', async () => {
    await whileServed(deployment, replicas, async () => {
      const killed = new Child(process.execPath, [cliEntry, 'layout', 'upgrade', '--yes'], {
        env: productionEnvironment(deployment.settings),
      });
      await killed.until(async () => (await manifests()) === 2, 'the layout is bound');
      await killed.kill('SIGKILL');
      expect(await run('layout', 'upgrade', '--rate', '0', '--yes')).toMatchObject({ layout: 'boundOnly' });
    });
    expect(
      (await values()).filter(({ value, dataKeyId }) => !value.startsWith('kc2.1.') || dataKeyId === null),
    ).toEqual([]);
    await expectServed();
    await expect(database.sql(`UPDATE "UserKeys" SET "Key" = 'classic'`)).rejects.toThrow();
    await expect(
      database.sql(`UPDATE "UserKeys" SET "LastAccessDate" = "CreationDate" WHERE "RevisionDate" IS NULL`),
    ).resolves.toBeDefined();
    expect(await run('layout', 'upgrade', '--yes')).toMatchObject({ layout: 'boundOnly', sealed: 0 });
  });

  test('is given back, and classic software opens all of it', async () => {
    const history = await database.sql('SELECT * FROM "__EFMigrationsHistory"');
    await whileServed(deployment, replicas, async () => {
      expect(await run('layout', 'downgrade', '--rate', '0', '--yes')).toMatchObject({ layout: 'classic' });
    });
    await expectServed();
    const [row] = await database.sql<{ key: string }>(
      'SELECT "SymmetricKey" AS "key" FROM "ApplicationDatas" ORDER BY "Id"',
    );
    const dataKey = openAsClassicSoftware(row?.key ?? '');
    const stored = await values();
    expect(stored.filter(({ dataKeyId }) => dataKeyId !== null)).toEqual([]);
    const opened = new Map(
      stored.map(({ id, value }) => [id.toLowerCase(), referenceOpenClassic(dataKey, value).toString('base64')]),
    );
    for (const [id, { key }] of Object.entries(users)) expect(opened.get(id.toLowerCase())).toBe(key);
    expect(opened.size).toBeGreaterThan(2 * loadMembers);
    // As classic software writes, which does not know the column.
    await database.sql(`UPDATE "UserKeys" SET "Key" = "Key", "RevisionDate" = "CreationDate"`);
    await expect(database.sql('SELECT * FROM "__EFMigrationsHistory"')).resolves.toEqual(history);
  });
}
