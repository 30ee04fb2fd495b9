import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { databasesTimeout, type TestDatabase, type TestDatabases, testKinds } from '../database/test-database.js';
import { freePort } from '../lab/network/free-port.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { startService } from '../lab/service/service.process.js';
import { describeIf, testIf } from '../lab/skip/skip.js';

interface OddValue {
  readonly what: string;
  /** What stands behind SET. */
  readonly set: string;
  readonly reason: string;
}

const everywhere: readonly OddValue[] = [
  { what: 'no value', set: '"Key" = NULL', reason: 'classic_where_bound_expected' },
  { what: 'a value of 100,000 letters', set: `"Key" = '${'A'.repeat(100_000)}'`, reason: 'malformed' },
];
/** What a kind of database lets someone store beside that. */
const here: Readonly<Record<string, { values?: readonly OddValue[]; time?: string }>> = {
  SQLite: {
    values: [{ what: 'bytes', set: '"Key" = CAST("Key" AS BLOB)', reason: 'malformed' }],
    time: `'yesterday'`,
  },
  PostgreSQL: { time: `'infinity'` },
};

for (const { name, here: isHere, reason, start } of testKinds) {
  describeIf(isHere, reason, `a row on ${name} that this service would never write`, () => {
    oddRowsSuite(start, here[name] ?? {});
  });
}

function oddRowsSuite(start: () => Promise<TestDatabases>, { values = [], time }: (typeof here)[string]): void {
  const [odd, ...others] = Array.from({ length: 4 }, () => randomUUID()) as [string, ...string[]];
  const key = randomBytes(32).toString('base64');
  let databases: TestDatabases;
  let database: TestDatabase;
  let deployment: Deployment;

  beforeAll(async () => {
    databases = await start();
    database = await databases.create();
    deployment = await startDeployment({ database, settings: { userKeys__replaceGuardMinutes: '0' } });
  }, databasesTimeout);
  afterAll(async () => {
    await deployment.stop();
    await databases.stop();
  });

  const change = async (set: string): Promise<void> => {
    for (const id of [odd, ...others]) expect((await deployment.call('PUT', id, key)).status).toBe(200);
    await database.sql(`UPDATE "UserKeys" SET ${set} WHERE lower(${database.text('"Id"')}) = '${odd}'`);
  };
  const restart = async (): Promise<void> => {
    const next = await startService({ settings: { ...deployment.settings, http__port: String(await freePort()) } });
    await next.terminate();
  };

  test.each([...everywhere, ...values])('fails for its member alone, and is told: $what', async ({ set, reason }) => {
    await change(set);
    const { logs } = deployment.service;
    const told = logs.length;
    const refused = await deployment.call('GET', odd);
    expect([refused.status, await refused.json()]).toMatchObject([500, { code: 'USER_KEY_UNREADABLE' }]);
    for (const id of others) expect((await deployment.call('GET', id)).status).toBe(200);
    const isTold = (): boolean =>
      logs.slice(told).some((line) => line['userId'] === odd && line['reason'] === reason && line['level'] === 'error');
    await until(isTold, 'it is in the log, with its reason');
    await expect(restart()).resolves.toBeUndefined();
  });

  testIf(
    time !== undefined,
    'its columns of times hold times only',
    'keeps nobody from a read or a start by what stands in its columns of times',
    async () => {
      await change('"Key" = "Key"');
      await database.sql(`UPDATE "UserKeys" SET "CreationDate" = ${time ?? ''}, "RevisionDate" = ${time ?? ''}`);
      for (const table of ['DataKeys', 'DataKeyWrappings', 'RingManifests'])
        await database.sql(`UPDATE "${table}" SET "CreationDate" = ${time ?? ''}`);
      for (const id of [odd, ...others]) expect((await deployment.call('GET', id)).status).toBe(200);
      for (const id of [odd, ...others]) expect((await deployment.call('PUT', id, key)).status).toBe(200);
      await expect(restart()).resolves.toBeUndefined();
    },
  );
}
