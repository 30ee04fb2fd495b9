import { randomBytes, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postgresqlKind } from '../database/postgresql-kind.js';
import { databasesTimeout, type TestDatabases } from '../database/test-database.js';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { Child } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { cliEntry, productionEnvironment } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { resultOf } from './while-served.js';

/** How often each command is killed; a hundred take some minutes. */
const kills = Number(process.env['TEST_KILLS'] ?? 2);
/** How long a command runs undisturbed, in milliseconds; on a busy machine it is killed earlier on its way. */
const lasts = 1_500;

interface Kek {
  readonly id: string;
  readonly role: 'service' | 'recovery';
  readonly wrappings: number;
}

describeIf(postgresqlKind.here, postgresqlKind.reason, 'whenever a command of recovery is killed', () => {
  let databases: TestDatabases;
  let deployment: Deployment;
  let folder: TempFolder;
  let settings: Readonly<Record<string, string>>;
  const [member, key] = [randomUUID(), randomBytes(32).toString('base64')];

  const run = <Result>(...args: string[]): Promise<Result> => resultOf<Result>(args, settings);
  const killed = async (...args: string[]): Promise<void> => {
    const child = new Child(process.execPath, [cliEntry, ...args], { env: productionEnvironment(settings) });
    await Promise.race([sleep(Math.random() * lasts), child.exited]);
    await child.kill();
  };
  /** Three of the shares in a folder. */
  const sharesIn = async (path: string): Promise<string[]> =>
    (await readdir(path)).slice(0, 3).flatMap((name) => ['--share', join(path, name)]);

  beforeAll(async () => {
    databases = await postgresqlKind.start();
    folder = await tempFolder('recovery-kills');
    deployment = await startDeployment({ database: await databases.create() });
    ({ settings } = deployment);
    expect((await deployment.call('POST', member, key)).status).toBe(200);
  }, databasesTimeout);
  afterAll(async () => {
    await deployment.stop();
    await databases.stop();
    await folder.remove();
  });

  test('a recovery key that the ring lists has its shares, and they open everything', async () => {
    const folders = Array.from({ length: kills + 1 }, (_, index) => join(folder.path, `shares-${index}`));
    const [clean = '', ...before] = folders;
    for (const path of before) await killed('recovery', 'create', '--write', path);
    await run('recovery', 'create', '--write', clean);

    const { keks } = await run<{ keks: readonly Kek[] }>('kek', 'list');
    const written = new Map<string, string>();
    for (const path of folders)
      for (const name of await readdir(path).catch(() => []))
        written.set(name.slice('recovery-key-'.length).slice(0, 8), path);
    const recovery = keks.filter(({ role }) => role === 'recovery');
    expect(recovery.length).toBeGreaterThan(0);
    for (const { id, wrappings } of recovery) {
      expect(wrappings).toBe(2);
      const shares = await sharesIn(written.get(id.slice('sha256:'.length).slice(0, 8)) ?? '');
      expect(await run('recovery', 'drill', ...shares)).toMatchObject({ id, dataKeys: [1] });
    }
  }, 3_600_000);

  test('a ring is not brought back, or wholly, and a restore that is run again ends as one clean run does', async () => {
    const shares = await sharesIn(join(folder.path, 'shares-0'));
    const { keks: before } = await run<{ keks: readonly Kek[] }>('kek', 'list');
    settings = { ...settings, ...certificateSettings(await makeKeyCertificate(folder.path)) };
    for (let kill = 0; kill < kills; kill += 1) await killed('recovery', 'restore', '--yes', ...shares);
    const { kek } = await run<{ kek: string }>('recovery', 'restore', '--yes', ...shares);

    const { keks } = await run<{ keks: readonly Kek[] }>('kek', 'list');
    expect(keks.filter(({ role }) => role === 'service').map(({ id }) => id)).toEqual([kek]);
    expect(keks.map(({ wrappings }) => wrappings)).toEqual(before.map(() => 2));
    await run('data-key', 'rotate');
    expect(await run('recovery', 'drill', ...shares)).toMatchObject({ dataKeys: [1, 2] });
    expect(await (await deployment.call('GET', member)).json()).toEqual({ key });
  }, 3_600_000);
});
