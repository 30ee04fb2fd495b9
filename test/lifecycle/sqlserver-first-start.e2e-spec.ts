import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import mssql from 'mssql';
import { databasesTimeout, sqlserverKinds, type TestDatabase, type TestDatabases } from '../database/test-database.js';
import { makeKeyCertificate } from '../support/certificate.js';
import { type IssuerServer, startIssuer } from '../support/issuer.server.js';
import { startService } from '../support/service.process.js';
import { describeIf } from '../support/skip.js';
import { onSqlserver } from '../support/sqlserver.client.js';
import { type TempFolder, tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';
import { Replica } from './replica.js';

const REPLICAS = 4;
const ROUNDS = 2;

for (const { name, here, reason, start } of sqlserverKinds) {
  describeIf(here, reason, `the first start on one empty database of ${name}`, () => {
    firstStartSuite(start);
  });
}

function firstStartSuite(start: () => Promise<TestDatabases>): void {
  let databases: TestDatabases;
  let issuer: IssuerServer;
  let folder: TempFolder;
  let place: TestDatabase;
  let settings: Record<string, string>;

  beforeAll(async () => {
    databases = await start();
    issuer = await startIssuer();
    folder = await tempFolder('first-start');
  }, databasesTimeout);
  afterAll(async () => {
    await databases.stop();
    await issuer.stop();
    await folder.remove();
  });
  beforeEach(() => empty());

  const empty = async (): Promise<void> => {
    place = await databases.create();
    const certificate = await makeKeyCertificate(folder.path);
    settings = {
      identityServerUri: issuer.uri,
      database__provider: 'sqlserver',
      database__sqlServerConnectionString: place.settings['sqlServerConnectionString'] ?? '',
      rsaKey__provider: 'certificate',
      certificate__provider: 'filesystem',
      certificate__filesystemPath: certificate.path,
      certificate__filesystemPassword: certificate.password,
      http__drainDelaySeconds: '0',
    };
  };
  const expectOneDataKey = async (): Promise<void> => {
    expect(await place.sql('SELECT "Id" FROM "DataKeys"')).toHaveLength(1);
    expect(await place.sql('SELECT "DataKeyId" FROM "DataKeyWrappings"')).toHaveLength(1);
  };

  test(`${REPLICAS} replicas that boot at once migrate it once and make one data key, ${ROUNDS} times`, async () => {
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => Replica.launch()));
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        await empty();
        await Promise.all(replicas.map((replica) => replica.start(settings)));
        await expectOneDataKey();
        await Promise.all(replicas.map((replica) => replica.stop()));
      }
    } finally {
      await Promise.all(replicas.map((replica) => replica.end()));
    }
  }, 120_000);

  test('a first start that is killed with the lock in its hands leaves nothing to the next', async () => {
    await (await startService({ settings })).kill();
    await place.sql('DELETE FROM "DataKeyWrappings"; DELETE FROM "DataKeys"');
    await onSqlserver(settings['database__sqlServerConnectionString'] ?? '', async (pool) => {
      const holder = new mssql.Transaction(pool);
      await holder.begin();
      // Reads go on; the wrapping that the first start inserts behind its data key waits.
      await holder.request().query('SELECT COUNT(*) AS n FROM "DataKeyWrappings" WITH (TABLOCK, HOLDLOCK)');
      const victim = await startService({ settings, waitFor: 'started' });
      await until(() => isLocked(place), 'the first start has the lock', 30_000);
      await victim.kill();
      await holder.rollback();
    });
    const service = await startService({ settings });
    await expectOneDataKey();
    await service.kill();
  }, 60_000);
}

async function isLocked(place: TestDatabase): Promise<boolean> {
  const free = `SELECT APPLOCK_TEST('public', 'key-connector', 'Exclusive', 'Session') AS n`;
  return (await place.sql<{ n: number }>(free))[0]?.n === 0;
}
