import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { databasesTimeout, type TestDatabase, type TestDatabases, testKinds } from '../database/test-database.js';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { productionEnvironment, runCli, type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { resultOf, whileServed } from './while-served.js';

for (const { name, here, reason, start } of testKinds)
  describeIf(here, reason, `while two replicas serve on ${name}`, () => {
    changesUnderLoad(start);
  });

function changesUnderLoad(start: () => Promise<TestDatabases>): void {
  let databases: TestDatabases;
  let database: TestDatabase;
  let deployment: Deployment;
  let replicas: ServiceProcess[] = [];
  let other: TempFolder;
  let settings: Readonly<Record<string, string>>;

  const run = (...args: string[]): Promise<Record<string, unknown>> => resultOf(args, settings);
  const dataKeysInUse = async (): Promise<number[]> => {
    const rows = await database.sql<{ id: number }>('SELECT DISTINCT "DataKeyId" AS "id" FROM "UserKeys"');
    return rows.map(({ id }) => id).sort((one, two) => one - two);
  };
  beforeAll(async () => {
    databases = await start();
    database = await databases.create();
    other = await tempFolder('other-key');
    deployment = await startDeployment({
      database,
      settings: { userKeys__replaceGuardMinutes: '0', keyRing__reloadSeconds: '1' },
    });
    ({ settings } = deployment);
    replicas = [deployment.service, await startService({ settings })];
  }, databasesTimeout);
  afterAll(async () => {
    for (const replica of replicas) await replica.terminate();
    await deployment.stop();
    await databases.stop();
    await other.remove();
  });

  test('a data key is rotated, every value sealed anew, and the old one given up, without a restart', async () => {
    await whileServed(deployment, replicas, async () => {
      expect(await run('data-key', 'rotate')).toMatchObject({ before: 1, activeDataKeyId: 2 });
      await until(async () => (await dataKeysInUse()).includes(2), 'the new data key is written with');
      expect(await run('data-key', 'reencrypt', '--rate', '0')).toMatchObject({ unopened: 0 });
      await expect(run('data-key', 'drop', '1', '--finish', '--dry-run')).rejects.toThrow(/not dropped yet/);
      expect(await run('data-key', 'drop', '1')).toMatchObject({ pin: expect.stringMatching(/^sha256:.*@3$/) });
      await run('data-key', 'drop', '1', '--finish', '--yes');
      await expect(run('data-key', 'drop', '1', '--undo', '--dry-run')).rejects.toThrow(/gone for good/);
    });
    expect(await dataKeysInUse()).toEqual([2]);
    expect(await run('data-key', 'list')).toMatchObject({
      dataKeys: [
        { id: 1, state: 'dropped', values: 0, wrappings: 0 },
        { id: 2, state: 'active' },
      ],
    });
  });

  test('the key-encryption key is moved, replica by replica', async () => {
    const { keks } = (await run('kek', 'list')) as unknown as { keks: readonly [{ readonly id: string }] };
    const before = settings;
    const after = { ...before, ...certificateSettings(await makeKeyCertificate(other.path)) };
    const file = join(other.path, 'new.env');
    const lines = Object.entries(productionEnvironment(after)).map(([variable, value]) => `${variable}=${value}`);
    await writeFile(file, lines.join('\n'));
    await whileServed(deployment, replicas, async () => {
      await run('kek', 'add', '--with', file);
    });
    for (const [index, replica] of replicas.entries()) {
      await whileServed(
        deployment,
        replicas.filter((each) => each !== replica),
        async () => {
          await replica.terminate();
          replicas[index] = await startService({ settings: { ...after, http__port: String(replica.port) } });
        },
      );
    }
    settings = after;
    await whileServed(deployment, replicas, async () => {
      await run('kek', 'remove', keks[0].id, '--yes');
    });
    const { code, stderr } = await runCli(['kek', 'list'], before);
    expect({ code, stderr }).toEqual({ code: 6, stderr: expect.stringContaining('none of this ring') as unknown });
  });
}
