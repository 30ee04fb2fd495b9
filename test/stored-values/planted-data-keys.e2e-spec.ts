import { constants, createPublicKey, publicEncrypt, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MadeRing, referenceSealBound } from '@key-connector/key-ring/testing';
import { databasesTimeout, type TestDatabase, type TestDatabases, testKinds } from '../database/test-database.js';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { freePort } from '../lab/network/free-port.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';

for (const { name, here, reason, start } of testKinds) {
  describeIf(here, reason, `someone who writes data keys of his own into ${name}`, () => {
    plantedDataKeysSuite(start);
  });
}

/** The attack, by hand: it takes write access to the database, the public key, and an account. */
function plantedDataKeysSuite(start: () => Promise<TestDatabases>): void {
  const [alice, mallory] = [randomUUID(), randomUUID()];
  const key = randomBytes(32).toString('base64');
  const planted = randomBytes(32);
  let folder: TempFolder;
  let wrapped: string;
  let databases: TestDatabases;
  let database: TestDatabase;
  let deployment: Deployment;

  beforeAll(async () => {
    folder = await tempFolder('planted');
    const certificate = await makeKeyCertificate(folder.path);
    const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    const publicKey = createPublicKey(certificate.privateKeyPem);
    wrapped = publicEncrypt({ key: publicKey, ...oaep }, planted).toString('base64');
    databases = await start();
    database = await databases.create();
    const settings = { ...certificateSettings(certificate), keyRing__reloadSeconds: '1' };
    deployment = await startDeployment({ database, settings });
    for (const id of [alice, mallory]) expect((await deployment.call('POST', id, key)).status).toBe(200);
  }, databasesTimeout);
  afterAll(async () => {
    await deployment.stop();
    await databases.stop();
    await folder.remove();
  });

  const plant = async (id: number): Promise<void> => {
    await database.sql(`INSERT INTO "DataKeys" ("Id", "CreationDate") VALUES (${id}, '2026-01-01 00:00:00')`);
    await database.sql(
      `INSERT INTO "DataKeyWrappings" ("DataKeyId", "KekId", "KeyReference", "Algorithm", "WrappedKey", "CreationDate")
       SELECT ${id}, "KekId", "KeyReference", "Algorithm", '${wrapped}', "CreationDate"
       FROM "DataKeyWrappings" WHERE "DataKeyId" = 1`,
    );
  };
  const putManifest = async ({ version, document, signature }: ReturnType<MadeRing['row']>): Promise<void> => {
    await database.sql(
      `INSERT INTO "RingManifests" ("Version", "Document", "Signature", "CreationDate")
       VALUES (${version}, '${document}', '${signature}', '2026-01-01 00:00:00')`,
    );
  };
  const genuine = async (): Promise<ReturnType<MadeRing['row']>> => {
    const [row] = await database.sql<{ Document: string; Signature: string }>(
      'SELECT "Document", "Signature" FROM "RingManifests" WHERE "Version" = 1',
    );
    if (row === undefined) throw new Error('no manifest');
    return { version: 1, document: row.Document, signature: row.Signature };
  };
  const valueOf = async (id: string): Promise<unknown> => {
    const [row] = await database.sql<{ k: string }>(
      `SELECT "Key" AS "k" FROM "UserKeys" WHERE lower(${database.text('"Id"')}) = '${id}'`,
    );
    return row?.k;
  };
  /** A value of his own under that data key: when he reads it, the replica looks for the data key. */
  const provoke = async (dataKeyId: number): Promise<Response> => {
    const value = referenceSealBound(planted, dataKeyId, mallory, randomBytes(32));
    await database.sql(
      `UPDATE "UserKeys" SET "Key" = '${value}', "DataKeyId" = NULL WHERE lower(${database.text('"Id"')}) = '${mallory}'`,
    );
    return deployment.call('GET', mallory);
  };
  const isLogged = (reason: string, times = 1): Promise<void> =>
    until(
      () =>
        deployment.service.logs.filter((line) => line['context'] === 'KeyRing' && line['reason'] === reason).length >=
        times,
      `${reason} is in the log`,
    );
  const startBeside = async (settings: Readonly<Record<string, string>>): Promise<ServiceProcess> =>
    startService({
      settings: { ...deployment.settings, ...settings, http__port: String(await freePort()) },
      waitFor: 'started',
    });

  test.each([2, 2_147_483_647])('gets no replica that runs to use data key %i of his', async (id) => {
    await plant(id);
    expect((await provoke(id)).status).toBe(500);
    await isLogged('data_key_unnamed');
    expect((await deployment.call('PUT', alice, key)).status).toBe(200);
    expect(await valueOf(alice)).toMatch(/^kc2\.1\./);
  });

  test('gets no replica that runs to follow a manifest of his, nor to stop for garbage', async () => {
    const thief = MadeRing.of(planted);
    await putManifest(thief.next(await genuine(), { activeDataKeyId: 2, dataKeys: [thief.dataKey(2, planted)] }));
    await putManifest({ version: 2_147_483_647, document: '{}', signature: 'AA==' });
    await isLogged('manifest_unsigned', 2);
    expect((await deployment.call('PUT', alice, key)).status).toBe(200);
    expect(await valueOf(alice)).toMatch(/^kc2\.1\./);
    await expect((await deployment.call('GET', alice)).json()).resolves.toEqual({ key });
  });

  test('gets no start without a pin: it says what is there; with one it is ready, and uses nothing of his', async () => {
    const refused = await startBeside({});
    expect(await refused.exited).toBe(1);
    expect(refused.output).toContain('RING_REFUSED');
    const ready = deployment.service.logs.find((line) => line['msg'] === 'ready');
    expect(ready).toMatchObject({ ring: 'made', manifestVersion: 1, activeDataKeyId: 1 });
    const pinned = await startBeside({ keyRing__identity: String(ready?.['ringIdentity']) });
    await until(() => pinned.logs.some((line) => line['msg'] === 'ready' && line['ring'] === 'found'), 'it is ready');
    await pinned.terminate();
  });

  test('stops writes, and no read, by taking the manifest away, until it is back', async () => {
    await database.sql('UPDATE "RingManifests" SET "Version" = 2000000000 WHERE "Version" = 1');
    await isLogged('manifest_gone');
    const refused = await deployment.call('PUT', alice, key);
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'RING_UNUSABLE' }]);
    await expect((await deployment.call('GET', alice)).json()).resolves.toEqual({ key });
    await database.sql('UPDATE "RingManifests" SET "Version" = 1 WHERE "Version" = 2000000000');
    await until(async () => (await deployment.call('PUT', alice, key)).status === 200, 'it writes again');
  });

  test('gets no start by one value of his own that opens, while its data key is not the one of the ring', async () => {
    await database.sql(`UPDATE "DataKeyWrappings" SET "WrappedKey" = '${wrapped}' WHERE "DataKeyId" = 1`);
    const ready = deployment.service.logs.find((line) => line['msg'] === 'ready');
    const refused = await startBeside({ keyRing__identity: String(ready?.['ringIdentity']) });
    expect(await refused.exited).toBe(1);
    expect(refused.output).toContain('opens to another data key');
  });

  test('gets no start by a ring whose data key has the id of the genuine one, and the newest values', async () => {
    const members = Array.from({ length: 12 }, () => randomUUID());
    const his = [mallory, ...Array.from({ length: 8 }, () => randomUUID())];
    for (const id of [...members, ...his.slice(1)]) expect((await deployment.call('POST', id, key)).status).toBe(200);
    for (const id of his)
      await database.sql(
        `UPDATE "UserKeys" SET "Key" = '${referenceSealBound(planted, 1, id, randomBytes(32))}',
         "CreationDate" = '2037-01-01 00:00:00' WHERE lower(${database.text('"Id"')}) = '${id}'`,
      );
    const manifest = JSON.parse((await genuine()).document) as ReturnType<MadeRing['manifest']>;
    const thief = MadeRing.of();
    const { ring, publicKey } = thief.manifest();
    await database.sql('DELETE FROM "RingManifests"');
    await putManifest(thief.row({ ...manifest, ring, publicKey, dataKeys: [thief.dataKey(1, planted)] }));
    const refused = await startBeside({});
    expect(await refused.exited).toBe(1);
    expect(refused.output).toContain('user keys picked at random open');
  });

  test('hides no value that needs another data key behind garbage', async () => {
    const garbage = Array.from({ length: 620 }, () => `('${randomUUID()}', 'kc2.x', '2026-01-01 00:00:00')`).join(', ');
    await database.sql(`INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES ${garbage}`);
    const columns = '"UserId", "Key", "CreationDate", "ReplacedDate", "Cause"';
    const dates = `'2026-01-01 00:00:00', '2026-01-01 00:00:00', 'replace'`;
    await database.sql(
      `INSERT INTO "UserKeyHistory" (${columns}) SELECT "Id", "Key", ${dates} FROM "UserKeys" WHERE "Key" = 'kc2.x'`,
    );
    await database.sql(`INSERT INTO "UserKeyHistory" (${columns}) VALUES ('${mallory}', 'kc2.9.AAAA', ${dates})`);
    const refused = await startBeside({});
    expect(await refused.exited).toBe(1);
    expect(refused.output).toContain('(9;');
  });
}
