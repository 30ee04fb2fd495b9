import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { referenceOpenClassic } from '@key-connector/key-ring/testing';
import { databasesTimeout, type TestDatabase, type TestDatabases, testKinds } from '../database/test-database.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { freePort } from '../lab/network/free-port.js';
import { startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as {
  pfxPassword: string;
  dataKey: string;
  users: Record<string, { key: string }>;
};
const dataKey = Buffer.from(expected.dataKey, 'base64');

for (const { name, here, reason, start } of testKinds) {
  describeIf(here, reason, `a classic deployment on ${name}`, () => {
    classicSuite(start);
  });
}

function classicSuite(start: () => Promise<TestDatabases>): void {
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
        certificate__filesystemPath: join(fixtures, 'bwkc-legacy.pfx'),
        certificate__filesystemPassword: expected.pfxPassword,
      },
    });
  }, databasesTimeout);
  afterAll(async () => {
    await deployment.stop();
    await databases.stop();
  });

  const valueOf = async (userId: string): Promise<string> => {
    const where = `lower(${database.text('"Id"')}) = '${userId.toLowerCase()}'`;
    const rows = await database.sql<{ Key: string }>(`SELECT "Key" FROM "UserKeys" WHERE ${where}`);
    return rows[0]?.Key ?? '';
  };

  test('serves every member the key that it has', async () => {
    for (const [userId, { key }] of Object.entries(expected.users)) {
      const response = await deployment.call('GET', userId);
      expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { key } });
    }
  });

  test.each(['POST', 'PUT'])('takes a %s that its own software reads', async (method) => {
    const [userId, key] = [randomUUID(), randomBytes(32)];
    expect((await deployment.call(method, userId, key.toString('base64'))).status).toBe(200);
    expect(referenceOpenClassic(dataKey, await valueOf(userId))).toEqual(key);
  });

  test('takes a replacement for a key that its own software wrote', async () => {
    const [userId = ''] = Object.keys(expected.users);
    const key = randomBytes(32);
    expect((await deployment.call('PUT', userId, key.toString('base64'))).status).toBe(200);
    expect(referenceOpenClassic(dataKey, await valueOf(userId))).toEqual(key);
    await expect((await deployment.call('GET', userId)).json()).resolves.toEqual({ key: key.toString('base64') });
  });

  test('refuses to start with boundOnly while there are classic values, and starts with bound', async () => {
    const settings = { ...deployment.settings, http__port: String(await freePort()) };
    const refused = await startService({
      settings: { ...settings, keyRing__valueLayout: 'boundOnly' },
      waitFor: 'started',
    });
    expect(await refused.exited).toBe(1);
    expect(refused.output).toContain('Set keyRing__valueLayout to bound');
    const bound = await startService({ settings: { ...settings, keyRing__valueLayout: 'bound' } });
    await bound.terminate();
  });
}
