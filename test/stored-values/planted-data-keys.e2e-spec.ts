import { constants, createPublicKey, publicEncrypt, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { referenceSealBound } from '@key-connector/key-ring/testing';
import SqliteDatabase from 'better-sqlite3';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { freePort } from '../lab/network/free-port.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { startService } from '../lab/service/service.process.js';

/** The attack, by hand: it takes write access to the database, the public key, and an account. */
describe('someone who wraps data keys of his own and writes them into the database', () => {
  const [alice, mallory] = [randomUUID(), randomUUID()];
  const members = [alice, ...Array.from({ length: 7 }, () => randomUUID())];
  const key = randomBytes(32).toString('base64');
  const planted = randomBytes(32);
  let folder: TempFolder;
  let wrapped: string;
  let deployment: Deployment;
  let database: SqliteDatabase.Database;

  beforeAll(async () => {
    folder = await tempFolder('planted');
    const certificate = await makeKeyCertificate(folder.path);
    const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    const publicKey = createPublicKey(certificate.privateKeyPem);
    wrapped = publicEncrypt({ key: publicKey, ...oaep }, planted).toString('base64');
    deployment = await startDeployment({ settings: certificateSettings(certificate) });
    database = new SqliteDatabase(join(deployment.folder, 'key-connector.db'), { timeout: 5_000 });
    for (const id of [...members, mallory]) expect((await deployment.call('POST', id, key)).status).toBe(200);
  });
  afterAll(async () => {
    database.close();
    await deployment.stop();
    await folder.remove();
  });

  const valueOf = (id: string): unknown =>
    database.prepare('SELECT "Key" FROM "UserKeys" WHERE "Id" = ?').pluck().get(id.toUpperCase());
  /** A value of his own under that data key: when he reads it, the replica looks for the data key. */
  const provoke = (dataKeyId: number): Promise<Response> => {
    const value = referenceSealBound(planted, dataKeyId, mallory, randomBytes(32));
    database
      .prepare('UPDATE "UserKeys" SET "Key" = ?, "DataKeyId" = NULL WHERE "Id" = ?')
      .run(value, mallory.toUpperCase());
    return deployment.call('GET', mallory);
  };
  const isLogged = (fields: Readonly<Record<string, unknown>>): Promise<void> =>
    until(
      () =>
        deployment.service.logs.some((line) => Object.entries(fields).every(([name, value]) => line[name] === value)),
      'it is in the log',
    );

  test('gets no replica that runs to write other members’ keys under one', async () => {
    database.exec(`INSERT INTO "DataKeys" VALUES (2, '2026-01-01 00:00:00')`);
    database
      .prepare(
        'INSERT INTO "DataKeyWrappings" SELECT 2, "KekId", "KeyReference", "Algorithm", ?, "CreationDate" FROM "DataKeyWrappings"',
      )
      .run(wrapped);
    expect((await provoke(2)).status).toBe(200);
    await isLogged({ level: 'warn', context: 'KeyRing' });
    expect((await deployment.call('PUT', alice, key)).status).toBe(200);
    expect(valueOf(alice)).toMatch(/^kc2\.1\./);
    database.exec('DELETE FROM "DataKeyWrappings" WHERE "DataKeyId" = 2');
    database.exec('DELETE FROM "DataKeys" WHERE "Id" = 2');
  });

  test('gets no replica that runs to exchange its own for one: members are served, and the log tells it', async () => {
    database.prepare('UPDATE "DataKeyWrappings" SET "WrappedKey" = ?').run(wrapped);
    expect((await provoke(9)).status).toBe(500);
    await isLogged({ level: 'error', reason: 'data_key_changed' });
    await expect((await deployment.call('GET', alice)).json()).resolves.toEqual({ key });
    expect((await deployment.call('PUT', alice, key)).status).toBe(200);
    await expect((await deployment.call('GET', alice)).json()).resolves.toEqual({ key });
  });

  test('gets no start by one value of his own that opens, while most others do not', async () => {
    await provoke(1);
    const settings = { ...deployment.settings, http__port: String(await freePort()) };
    const refused = await startService({ settings, waitFor: 'started' });
    expect(await refused.exited).toBe(1);
    expect(refused.output).toContain('Only 1 of the 8 newest user keys open');
  });
});
