import { randomBytes, randomUUID } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { referenceOpenClassic } from '@key-connector/key-ring/testing';
import { type Deployment, startDeployment } from '../support/deployment.js';
import { freePort } from '../support/free-port.js';
import { startService } from '../support/service.process.js';
import { startPostgres } from '../support/postgres.server.js';
import { type TempFolder, tempFolder } from '../support/temp-folder.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as {
  pfxPassword: string;
  dataKey: string;
  users: Record<string, { key: string }>;
};
const dataKey = Buffer.from(expected.dataKey, 'base64');

/** A copy of the classic deployment's database, and a way to read it beside the service. */
interface ClassicDatabase {
  readonly settings: Record<string, string>;
  valueOf(userId: string): Promise<string>;
  stop(): Promise<void>;
}

async function onSqlite(folder: string): Promise<ClassicDatabase> {
  const file = join(folder, 'classic.sqlite');
  await copyFile(join(fixtures, 'classic.sqlite'), file);
  return {
    settings: { database__provider: 'sqlite', database__sqliteConnectionString: `Data Source=${file}` },
    valueOf: (userId) => {
      const database = new SqliteDatabase(file, { readonly: true });
      const value = database.prepare('SELECT "Key" FROM "UserKeys" WHERE "Id" = ? COLLATE NOCASE').pluck().get(userId);
      database.close();
      return Promise.resolve(String(value));
    },
    stop: () => Promise.resolve(),
  };
}

async function onPostgresql(): Promise<ClassicDatabase> {
  const server = await startPostgres();
  await server.query(await readFile(join(fixtures, 'postgresql.sql'), 'utf8'));
  return {
    settings: {
      database__provider: 'postgresql',
      database__postgreSqlConnectionString: server.connectionString,
    },
    valueOf: async (userId) => {
      const rows = await server.query<{ Key: string }>('SELECT "Key" FROM "UserKeys" WHERE "Id" = $1', [userId]);
      return rows[0]?.Key ?? '';
    },
    stop: () => server.stop(),
  };
}

describe.each([
  ['SQLite', onSqlite],
  ['PostgreSQL', onPostgresql],
] as const)('a classic deployment on %s', (_, open) => {
  let folder: TempFolder;
  let database: ClassicDatabase;
  let deployment: Deployment;

  beforeAll(async () => {
    folder = await tempFolder('classic');
    database = await open(folder.path);
    deployment = await startDeployment({
      settings: {
        ...database.settings,
        certificate__filesystemPath: join(fixtures, 'bwkc-legacy.pfx'),
        certificate__filesystemPassword: expected.pfxPassword,
      },
    });
  });
  afterAll(async () => {
    await deployment.stop();
    await database.stop();
    await folder.remove();
  });

  test('serves every member the key that it has', async () => {
    for (const [userId, { key }] of Object.entries(expected.users)) {
      const response = await deployment.call('GET', userId);
      expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { key } });
    }
  });

  test.each(['POST', 'PUT'])('takes a %s that its own software reads', async (method) => {
    const [userId, key] = [randomUUID(), randomBytes(32)];
    expect((await deployment.call(method, userId, key.toString('base64'))).status).toBe(200);
    expect(referenceOpenClassic(dataKey, await database.valueOf(userId))).toEqual(key);
  });

  test('takes a replacement for a key that its own software wrote', async () => {
    const [userId = ''] = Object.keys(expected.users);
    const key = randomBytes(32);
    expect((await deployment.call('PUT', userId, key.toString('base64'))).status).toBe(200);
    expect(referenceOpenClassic(dataKey, await database.valueOf(userId))).toEqual(key);
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
});
