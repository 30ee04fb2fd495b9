import { randomBytes } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { type Deployment, startDeployment } from '../support/deployment.js';
import { type TempFolder, tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as {
  pfxPassword: string;
  users: Record<string, { key: string }>;
};
const [[alice, { key: oldKey }]] = Object.entries(expected.users) as [[string, { key: string }]];

/** The classic values of old backups stay genuine under the data key: what must not come back is where they stood. */
describe('a member’s classic value from before the cutover to the bound layout', () => {
  const newKey = randomBytes(32).toString('base64');
  let folder: TempFolder;
  let deployment: Deployment;
  let database: SqliteDatabase.Database;

  beforeAll(async () => {
    folder = await tempFolder('cutover');
    const file = join(folder.path, 'classic.sqlite');
    await copyFile(join(fixtures, 'classic.sqlite'), file);
    deployment = await startDeployment({
      settings: {
        database__sqliteConnectionString: `Data Source=${file}`,
        certificate__filesystemPath: join(fixtures, 'bwkc-aes.pfx'),
        certificate__filesystemPassword: expected.pfxPassword,
        keyRing__valueLayout: 'bound',
      },
    });
    database = new SqliteDatabase(file, { timeout: 5_000 });
  });
  afterAll(async () => {
    database.close();
    await deployment.stop();
    await folder.remove();
  });

  const valueOf = (): string =>
    String(database.prepare('SELECT "Key" FROM "UserKeys" WHERE "Id" = ? COLLATE NOCASE').pluck().get(alice));
  const replace = (value: string): void => {
    database.prepare('UPDATE "UserKeys" SET "Key" = ? WHERE "Id" = ? COLLATE NOCASE').run(value, alice);
  };

  test('opens until the member stores a key anew, and is refused by its layout when it is put back after that', async () => {
    const classic = valueOf();
    await expect((await deployment.call('GET', alice)).json()).resolves.toEqual({ key: oldKey });
    expect((await deployment.call('PUT', alice, newKey)).status).toBe(200);
    const bound = valueOf();

    replace(classic);
    const refused = await deployment.call('GET', alice);

    expect([refused.status, await refused.json()]).toMatchObject([500, { code: 'USER_KEY_UNREADABLE' }]);
    const { logs } = deployment.service;
    await until(() => logs.some((line) => line['userId'] === alice && line['reason'] !== undefined), 'it is logged');
    expect(logs.find((line) => line['userId'] === alice && line['reason'] !== undefined)).toMatchObject({
      level: 'error',
      reason: 'classic_where_bound_expected',
    });
    replace(bound);
    await expect((await deployment.call('GET', alice)).json()).resolves.toEqual({ key: newKey });
  });
});
