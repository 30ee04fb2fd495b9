import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { join } from 'node:path';
import { appended, everyBitFlipped, everyTruncation } from '@key-connector/key-ring/testing';
import type { LogLine } from '../lab/service/log-reader.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';

/** What a thief with write access to the database can do to stored values, seen from a client's side. */
describe('a stored value that someone has changed in the database', () => {
  const [alice, bob] = [randomUUID(), randomUUID()];
  const keys = new Map<string, string>([alice, bob].map((id) => [id, randomBytes(32).toString('base64')]));
  let deployment: Deployment;
  let database: SqliteDatabase.Database;

  beforeAll(async () => {
    deployment = await startDeployment();
    database = new SqliteDatabase(join(deployment.folder, 'key-connector.db'), { timeout: 5_000 });
    for (const [id, key] of keys) expect((await deployment.call('POST', id, key)).status).toBe(200);
  });
  afterAll(async () => {
    database.close();
    await deployment.stop();
  });

  const valueOf = (id: string): string =>
    (database.prepare('SELECT "Key" FROM "UserKeys" WHERE "Id" = ?').pluck().get(id.toUpperCase()) as string) || '';
  const replace = (id: string, value: string): void => {
    database.prepare('UPDATE "UserKeys" SET "Key" = ? WHERE "Id" = ?').run(value, id.toUpperCase());
  };
  /** Reads with each of the values in place: always 500 in one and the same form, and nothing of a key in it. */
  const expectAllRefused = async (id: string, values: readonly string[]): Promise<void> => {
    const good = valueOf(id);
    const answers = new Set<string>();
    for (const value of values) {
      replace(id, value);
      const response = await deployment.call('GET', id);
      const problem = { ...((await response.json()) as object), requestId: undefined };
      answers.add(`${response.status} ${JSON.stringify(problem)}`);
      expect(valueOf(id)).toBe(value);
    }
    replace(id, good);
    expect([...answers]).toEqual([expect.stringMatching(/^500 .*USER_KEY_UNREADABLE/)]);
    await expect((await deployment.call('GET', id)).json()).resolves.toEqual({ key: keys.get(id) });
  };

  test('is refused with any bit flipped', async () => {
    await expectAllRefused(alice, everyBitFlipped(valueOf(alice)));
  });

  test('is refused truncated anywhere, or with anything added', async () => {
    const value = valueOf(alice);
    await expectAllRefused(alice, [...everyTruncation(value), ...appended(value)]);
  });

  test('is refused in another member’s row', async () => {
    await expectAllRefused(alice, [valueOf(bob)]);
    await expectAllRefused(bob, [valueOf(alice)]);
  });

  test('is refused when something in the classic layout takes its place, for that alone', async () => {
    await expectAllRefused(alice, [randomBytes(60).toString('base64')]);
    const isRefusal = (line: LogLine): boolean =>
      line['reason'] === 'classic_where_bound_expected' && line['userId'] === alice;
    await until(() => deployment.service.logs.some(isRefusal), 'the refusal is in the log, with its reason');
  });

  test('leaves an error in the log that names the member and never the value', async () => {
    await expectAllRefused(alice, [valueOf(bob)]);
    const isRefusal = (line: LogLine): boolean => line['reason'] === 'not_authentic' && line['userId'] === alice;
    await until(() => deployment.service.logs.some(isRefusal), 'the refusal is in the log');
    expect(deployment.service.logs.find(isRefusal)).toMatchObject({ level: 'error' });
    const secrets = [valueOf(alice), valueOf(bob), ...keys.values()];
    expect(secrets.filter((secret) => deployment.service.output.includes(secret))).toEqual([]);
  });
});
