import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { makeKeyCertificate } from '../support/certificate.js';
import { type IssuerServer, startIssuer } from '../support/issuer.server.js';
import { hasMysql, type MariadbServer, mysqlReason, startMariadb } from '../support/mariadb.server.js';
import { startService } from '../support/service.process.js';
import { describeIf } from '../support/skip.js';
import { type TempFolder, tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';
import { Replica } from './replica.js';

const REPLICAS = 5;
const ROUNDS = 20;

describeIf(hasMysql, mysqlReason, 'the first start on one empty MySQL database', () => {
  let server: MariadbServer;
  let issuer: IssuerServer;
  let folder: TempFolder;
  let settings: Record<string, string>;

  beforeAll(async () => {
    server = await startMariadb();
    issuer = await startIssuer();
    folder = await tempFolder('first-start');
    const certificate = await makeKeyCertificate(folder.path);
    settings = {
      identityServerUri: issuer.uri,
      database__provider: 'mysql',
      database__mySqlConnectionString: server.connectionString,
      rsaKey__provider: 'certificate',
      certificate__provider: 'filesystem',
      certificate__filesystemPath: certificate.path,
      certificate__filesystemPassword: certificate.password,
      http__drainDelaySeconds: '0',
    };
  });
  afterAll(async () => {
    await issuer.stop();
    await server.stop();
    await folder.remove();
  });

  const empty = (): Promise<unknown> =>
    server.query(`DROP DATABASE "${server.database}"; CREATE DATABASE "${server.database}"`, 'mysql');
  const expectOneDataKey = async (): Promise<void> => {
    expect(await server.query('SELECT "Id" FROM "DataKeys"')).toHaveLength(1);
    expect(await server.query('SELECT "DataKeyId" FROM "DataKeyWrappings"')).toHaveLength(1);
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
    await empty();
    await (await startService({ settings })).kill();
    await server.query('DELETE FROM "DataKeyWrappings"; DELETE FROM "DataKeys"');
    const holder = await createConnection(server.url);
    try {
      await holder.query('LOCK TABLES DataKeyWrappings READ');
      const victim = await startService({ settings, waitFor: 'started' });
      // The data key is inserted and not committed, its wrapping waits for the table.
      const waits = `SELECT id FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'`;
      await until(async () => (await server.query(waits)).length === 1, 'the first start waits', 30_000);
      await victim.kill();
    } finally {
      await holder.end();
    }
    const service = await startService({ settings });
    await expectOneDataKey();
    await service.kill();
  }, 60_000);
});
