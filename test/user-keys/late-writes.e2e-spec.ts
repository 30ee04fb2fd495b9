import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { UserKey } from '@key-connector/database';
import { placeOf, type ProxiedKind, proxiedKinds } from '../database/behind-a-proxy.js';
import { type OpenDatabase, openDatabase } from '../database/open-database.js';
import { databasesTimeout, type TestDatabases } from '../database/test-database.js';
import { hostedSqlserver } from '../lab/databases/sqlserver.client.js';
import { KeepingProxy } from '../lab/network/keeping-proxy.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { describeIf } from '../lab/skip/skip.js';

/**
 * What a session is told about its limits gets lost on the way, as behind PgBouncer: nothing but the write itself, and the
 * database's locks, decides how long it can take.
 */
const withoutLimits = (text: string): string =>
  text
    .replace('statement_timeout\0', 'kc.statement_time\0')
    .replace(
      'innodb_lock_wait_timeout = 1, lock_wait_timeout = 1',
      'innodb_lock_wait_timeout = 9, lock_wait_timeout = 9',
    )
    .replace('max_statement_time = 1', 'max_statement_time = 9');

/** The statements that store a member's key. */
const write = /(INSERT INTO|UPDATE)\s*.UserKeys/;

for (const kind of proxiedKinds) {
  // The proxy reads what goes to the server, which TLS hides.
  const here = kind.possible && !(kind.kind === 'SQL Server' && hostedSqlserver !== undefined);
  describeIf(here, kind.reason, `a write to ${kind.kind} that was answered 503`, () => {
    lateWrites(kind);
  });
}

function lateWrites({ start, through }: ProxiedKind): void {
  let databases: TestDatabases;
  let proxy: Awaited<ReturnType<typeof KeepingProxy.start>>;
  let deployment: Deployment;
  /** Straight to the server. */
  let direct: OpenDatabase;
  let stored: string;
  let fresh: string;
  const oldKey = newKey();

  const status = async (method: 'PUT' | 'POST', member: string, key = newKey()): Promise<number> =>
    (await deployment.call(method, member, key)).status;
  const keyOf = async (member: string): Promise<string | undefined> => {
    const answer = await deployment.call('GET', member);
    return answer.status === 404 ? undefined : ((await answer.json()) as { key: string }).key;
  };

  beforeAll(async () => {
    databases = await start();
    const { settings } = await databases.create();
    proxy = await KeepingProxy.start(placeOf(settings), withoutLimits);
    direct = await openDatabase(settings);
    deployment = await startDeployment({
      database: { settings: { ...settings, ...through(settings, proxy.port) } },
      settings: { database__statementTimeoutSeconds: '1', userKeys__replaceGuardMinutes: '0' },
    });
  }, databasesTimeout);
  afterAll(async () => {
    await deployment.stop();
    await direct.close();
    await proxy.stop();
    await databases.stop();
  });
  beforeEach(async () => {
    [stored, fresh] = [randomUUID(), randomUUID()];
    expect(await status('POST', stored, oldKey)).toBe(200);
  });
  afterEach(() => {
    proxy.stallOn = undefined;
  });

  test('because its row, or a row with its id, was locked is not done when the lock goes', async () => {
    const holder = direct.database.lock(async (manager) => {
      await manager.update(UserKey, { id: stored }, { lastAccessDate: new Date() });
      await manager.insert(UserKey, { id: fresh, value: 'x', creationDate: new Date() });
      expect(await Promise.all([status('PUT', stored), status('POST', fresh)])).toEqual([503, 503]);
      throw new Error('let go');
    });
    await expect(holder).rejects.toThrow('let go');
    await proxy.answered();
    expect(await keyOf(stored)).toBe(oldKey);
    expect(await keyOf(fresh)).toBeUndefined();
  });

  test('because its connection broke undoes no later one, though its statement arrives before its deadline', async () => {
    proxy.stallOn = write;
    const broken = status('PUT', stored);
    await until(() => proxy.stalled > 0, 'the write is on its way');
    proxy.cutStalled();
    expect(await broken).toBe(503);
    proxy.stallOn = undefined;
    const newerKey = newKey();
    expect(await status('PUT', stored, newerKey)).toBe(200);
    proxy.heal();
    await proxy.answered();
    expect(await keyOf(stored)).toBe(newerKey);
  });

  test('because its path was stalled is not done when the path heals, and undoes no later one', async () => {
    proxy.stallOn = write;
    expect(await Promise.all([status('PUT', stored), status('POST', fresh)])).toEqual([503, 503]);
    expect(proxy.stalled).toBeGreaterThan(0);
    proxy.stallOn = undefined;
    const newerKey = newKey();
    expect(await status('PUT', stored, newerKey)).toBe(200);
    proxy.heal();
    await proxy.answered();
    expect(await keyOf(stored)).toBe(newerKey);
    expect(await keyOf(fresh)).toBeUndefined();
  });
}

function newKey(): string {
  return randomBytes(32).toString('base64');
}
