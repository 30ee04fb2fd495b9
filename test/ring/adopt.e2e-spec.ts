import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  databasesTimeout,
  postgresDatabases,
  type TestDatabase,
  type TestDatabases,
} from '../database/test-database.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { runCli, type ServiceProcess, startService } from '../lab/service/service.process.js';

let databases: TestDatabases;
let database: TestDatabase;
let deployment: Deployment;
let again: ServiceProcess | undefined;

beforeAll(async () => {
  databases = await postgresDatabases();
  database = await databases.create();
  deployment = await startDeployment({ database });
}, databasesTimeout);
afterAll(async () => {
  await again?.terminate();
  await deployment.stop();
  await databases.stop();
});

const run = async (...args: string[]): Promise<{ code: unknown; document: Record<string, unknown> }> => {
  const { code, stdout } = await runCli([...args, '--json'], deployment.settings);
  return { code, document: JSON.parse(stdout) as Record<string, unknown> };
};

test('a deployment whose manifests were lost is taken over on an operator’s word, and writes under a new data key', async () => {
  const [member, key] = [randomUUID(), randomBytes(32).toString('base64')];
  expect((await deployment.call('POST', member, key)).status).toBe(200);
  await deployment.service.terminate();
  await database.sql('DELETE FROM "RingManifests"');
  const refused = await startService({ settings: deployment.settings, waitFor: 'started' });
  expect(await refused.exited).toBe(1);

  expect(await run('ring', 'adopt', '--identity', '--dry-run')).toMatchObject({
    code: 0,
    document: { classic: false, dataKeys: [{ id: 1, values: 1 }], leftOut: [], unopened: 0 },
  });
  expect(await run('ring', 'adopt', '--identity', '--yes')).toMatchObject({
    code: 6,
    document: { error: { message: 'Name the data keys to take over: --data-keys 1.' } },
  });
  const { document } = await run('ring', 'adopt', '--identity', '--above', '3', '--data-keys', '1', '--yes');
  expect(document).toMatchObject({ manifestVersion: 4, layout: 'boundOnly' });
  expect((await run('ring', 'adopt')).code).toBe(6);

  again = await startService({ settings: { ...deployment.settings, keyRing__identity: String(document['pin']) } });
  const headers = { authorization: `Bearer ${deployment.token(member)}`, 'content-type': 'application/json' };
  await expect((await fetch(`${again.url}/user-keys`, { headers })).json()).resolves.toEqual({ key });
  const other = randomUUID();
  const put = { method: 'POST', body: JSON.stringify({ key }) };
  const theirs = { ...headers, authorization: `Bearer ${deployment.token(other)}` };
  expect((await fetch(`${again.url}/user-keys`, { ...put, headers: theirs })).status).toBe(200);
  const rows = await database.sql<{ id: number }>('SELECT "DataKeyId" AS "id" FROM "UserKeys" ORDER BY 1');
  expect(rows.map(({ id }) => id)).toEqual([1, 2]);
});
