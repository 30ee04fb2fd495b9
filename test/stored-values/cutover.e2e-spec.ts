import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { databasesTimeout, type TestDatabase, type TestDatabases, testKinds } from '../database/test-database.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { freePort } from '../lab/network/free-port.js';
import { startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { until } from '../lab/processes/until.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as {
  pfxPassword: string;
  users: Record<string, { key: string }>;
};
const [[alice, { key: oldKey }]] = Object.entries(expected.users) as [[string, { key: string }]];

/** The classic values of old backups stay genuine under the data key: what must not come back is where they stood. */
for (const { name, here, reason, start } of testKinds) {
  describeIf(here, reason, `a member’s classic value from before the cutover to the bound layout, on ${name}`, () => {
    cutoverSuite(start);
  });
}

function cutoverSuite(start: () => Promise<TestDatabases>): void {
  const newKey = randomBytes(32).toString('base64');
  let databases: TestDatabases;
  let database: TestDatabase;
  let deployment: Deployment;

  beforeAll(async () => {
    databases = await start();
    database = await databases.create();
    await database.loadClassic();
    deployment = await startDeployment({
      database,
      settings: {
        certificate__filesystemPath: join(fixtures, 'bwkc-aes.pfx'),
        certificate__filesystemPassword: expected.pfxPassword,
        keyRing__valueLayout: 'bound',
      },
    });
  }, databasesTimeout);
  afterAll(async () => {
    await deployment.stop();
    await databases.stop();
  });

  const of = (member: string): string => `WHERE lower(${database.text('"Id"')}) = '${member.toLowerCase()}'`;
  const valueOf = async (member = alice): Promise<string> => {
    const [row] = await database.sql<{ Key: string }>(`SELECT "Key" FROM "UserKeys" ${of(member)}`);
    return row?.Key ?? '';
  };
  const replace = (value: string, dataKeyId = '0'): Promise<unknown> =>
    database.sql(`UPDATE "UserKeys" SET "Key" = '${value}', "DataKeyId" = ${dataKeyId} ${of(alice)}`);

  test('opens until the member stores a key anew, and is refused by its layout when it is put back after that', async () => {
    const classic = await valueOf();
    await expect((await deployment.call('GET', alice)).json()).resolves.toEqual({ key: oldKey });
    expect((await deployment.call('PUT', alice, newKey)).status).toBe(200);
    const bound = await valueOf();

    await replace(classic);
    const refused = await deployment.call('GET', alice);

    expect([refused.status, await refused.json()]).toMatchObject([500, { code: 'USER_KEY_UNREADABLE' }]);
    const { logs } = deployment.service;
    await until(() => logs.some((line) => line['userId'] === alice && line['reason'] !== undefined), 'it is logged');
    expect(logs.find((line) => line['userId'] === alice && line['reason'] !== undefined)).toMatchObject({
      level: 'error',
      reason: 'classic_where_bound_expected',
    });
    await replace(bound);
    await expect((await deployment.call('GET', alice)).json()).resolves.toEqual({ key: newKey });
  });

  test('is served to another member whose column was emptied while anybody has one, and by no replica that starts after that', async () => {
    const others = Object.keys(expected.users).filter((id) => id !== alice);
    const [donor = ''] = others;
    const classic = await valueOf(donor);
    const bound = await valueOf();
    await replace(classic, 'NULL');
    await expect((await deployment.call('GET', alice)).json()).resolves.toEqual({ key: expected.users[donor]?.key });
    await replace(bound, '0');

    for (const id of others) expect((await deployment.call('PUT', id, newKey)).status).toBe(200);
    const next = await startService({ settings: { ...deployment.settings, http__port: String(await freePort()) } });
    try {
      await replace(classic, 'NULL');
      const headers = { authorization: `Bearer ${deployment.token(alice)}` };
      const refused = await fetch(`${next.url}/user-keys`, { headers });
      expect([refused.status, await refused.json()]).toMatchObject([500, { code: 'USER_KEY_UNREADABLE' }]);
      const isTold = (): boolean => next.logs.some((line) => line['msg'] === 'ready' && line['layout'] === 'boundOnly');
      await until(isTold, 'the line ready says boundOnly');
    } finally {
      await next.terminate();
    }
    await replace(bound, '0');
  });
}
