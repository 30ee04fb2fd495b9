import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { databasesTimeout, type TestDatabase, type TestDatabases, databaseKinds } from '../database/test-database.js';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { runCli, type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { resultOf } from './while-served.js';

for (const { name, here, reason, start } of databaseKinds)
  describeIf(here, reason, `a ring on ${name} whose key provider is lost`, () => {
    recovery(start);
  });

test('a share is checked by itself, without settings and without a database', async () => {
  const folder = await tempFolder('share');
  try {
    const file = join(folder.path, 'share');
    const good =
      'kcshare1-e43b0c76-2of3-need2-f52s-3xe5-ptqz-9h5m-eva7-758n-vhn3-kv73-uwan-daex-teh6-qexa-jm8n-hz4y-274q-xx';
    await writeFile(file, `# in the safe of the board\n${good.toUpperCase()}\n`);
    expect(await runCli(['recovery', 'verify-share', file], {})).toMatchObject({
      code: 0,
      stdout: 'Share 2 of 3 of the recovery key e43b0c76, of which 2 are needed: undamaged.\n',
    });
    await writeFile(file, good.replace('3xe5', '3xe6'));
    expect(await runCli(['recovery', 'verify-share', file], {})).toMatchObject({
      code: 7,
      stdout: '',
      stderr: expect.stringMatching(/share 2 of 3 .* wrong character/) as unknown,
    });
  } finally {
    await folder.remove();
  }
});

test('no recovery key is made whose shares can be neither shown nor written, or can never be enough', async () => {
  const create = ['recovery', 'create'];
  expect((await runCli(create, {})).code).toBe(2);
  expect((await runCli([...create, '--write', 'shares', '--shares', '2', '--threshold', '3'], {})).code).toBe(2);
});

interface Result {
  readonly id: string;
  readonly pin: string;
  readonly files: readonly string[];
  readonly dataKeys: readonly number[];
}

function recovery(start: () => Promise<TestDatabases>): void {
  let databases: TestDatabases;
  let database: TestDatabase;
  let deployment: Deployment;
  let service: ServiceProcess;
  let folder: TempFolder;
  let settings: Readonly<Record<string, string>>;
  let files: readonly string[] = [];
  const members = new Map<string, string>(
    Array.from({ length: 3 }, () => [randomUUID(), randomBytes(32).toString('base64')]),
  );

  const cli = (...args: string[]): ReturnType<typeof runCli> => runCli([...args, '--json'], settings);
  const run = (...args: string[]): Promise<Result> => resultOf<Result>(args, settings);
  /** What the tables of keys hold. */
  const contents = async (): Promise<unknown> => [
    await database.sql('SELECT "DataKeyId", "KekId", "WrappedKey" FROM "DataKeyWrappings" ORDER BY 1, 2'),
    await database.sql('SELECT "Version", "Signature" FROM "RingManifests" ORDER BY 1'),
  ];
  const shareOptions = (...paths: readonly (string | undefined)[]): string[] =>
    paths.flatMap((path = '') => ['--share', path]);
  const served = (method: string, id: string, key?: string): Promise<Response> =>
    fetch(`${service.url}/user-keys`, {
      method,
      headers: { authorization: `Bearer ${deployment.token(id)}`, 'content-type': 'application/json' },
      ...(key !== undefined && { body: JSON.stringify({ key }) }),
    });

  beforeAll(async () => {
    databases = await start();
    database = await databases.create();
    folder = await tempFolder('recovery');
    deployment = await startDeployment({ database, settings: { userKeys__replaceGuardMinutes: '0' } });
    ({ settings, service } = deployment);
    for (const [id, key] of members) expect((await served('POST', id, key)).status).toBe(200);
  }, databasesTimeout);
  afterAll(async () => {
    await service.terminate();
    await deployment.stop();
    await databases.stop();
    await folder.remove();
  });

  test('has an RSA recovery key by its public half, whose private half is proven, and gives it up', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
    const [publicFile, privateFile] = [join(folder.path, 'public.pem'), join(folder.path, 'private.pem')];
    await writeFile(publicFile, publicKey.export({ format: 'pem', type: 'spki' }));
    await writeFile(privateFile, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });

    const { id } = await run('recovery', 'add', publicFile);
    expect(await run('recovery', 'drill', '--private-key', privateFile)).toMatchObject({ id, dataKeys: [1] });
    await run('recovery', 'remove', id, '--yes');
  });

  test('has a recovery key of five shares', async () => {
    const shares = join(folder.path, 'shares');
    ({ files } = await run('recovery', 'create', '--write', shares));
    expect(files).toHaveLength(5);
  });

  test('is brought back by three of five shares under a new key, with every member’s key, and by nothing less', async () => {
    // Made after the recovery key, and wrapped under it all the same.
    await run('data-key', 'rotate');
    // Gone for good, while a replica serves.
    await rm(settings['certificate__filesystemPath'] ?? '');
    expect((await cli('kek', 'list')).code).toBe(5);
    const [one, two, three] = [files[0], files[2], files[4]];
    expect(await run('recovery', 'drill', ...shareOptions(one, two, three))).toMatchObject({ dataKeys: [1, 2] });

    settings = { ...settings, ...certificateSettings(await makeKeyCertificate(folder.path)) };
    const before = await contents();
    const { code, stderr } = await cli('recovery', 'restore', '--yes', ...shareOptions(one, two));
    expect({ code, stderr }).toEqual({ code: 7, stderr: expect.stringContaining('needs 3 shares') as unknown });
    const shares = shareOptions(one, two, three);
    expect((await cli('recovery', 'restore', ...shares)).code).toBe(6);
    await run('recovery', 'restore', '--dry-run', ...shares);
    expect(await contents()).toEqual(before);

    const { pin } = await run('recovery', 'restore', '--yes', ...shares);
    // Those that still run serve on.
    const [id = ''] = members.keys();
    members.set(id, randomBytes(32).toString('base64'));
    expect((await served('PUT', id, members.get(id))).status).toBe(200);

    await service.terminate();
    settings = { ...settings, keyRing__identity: pin };
    service = await startService({ settings });
    for (const [id, key] of members) expect(await (await served('GET', id)).json()).toEqual({ key });
    // The ring is whole again: it changes as before, and the recovery key stays.
    await run('data-key', 'rotate');
    expect(await run('recovery', 'drill', ...shares)).toMatchObject({ dataKeys: [1, 2, 3] });
  });
}
