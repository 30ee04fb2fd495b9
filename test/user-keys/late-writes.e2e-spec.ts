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
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';

/**
 * What a session is told about its limits gets lost on the way, as behind PgBouncer: nothing but the write itself, and
 * the database's locks, decides how long it can take.
 */
const withoutLimits = (text: string): string =>
  text
    .replace('statement_timeout\0', 'kc.statement_time\0')
    .replace(
      'innodb_lock_wait_timeout = 1, lock_wait_timeout = 1',
      'innodb_lock_wait_timeout = 9, lock_wait_timeout = 9',
    )
    .replace('max_statement_time = 1', 'max_statement_time = 9');

/** The statements that store a member's key, whatever the table's schema. */
const write = /INSERT INTO[^(]*UserKeys|UPDATE \[UserKeys\] SET \[Key\]/;

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
  /** A replica whose writes have time. */
  let patient: ServiceProcess;
  /** Straight to the server. */
  let direct: OpenDatabase;
  let stored: string;
  let fresh: string;
  const oldKey = newKey();

  const status = async (method: 'PUT' | 'POST', member: string, key = newKey()): Promise<number> =>
    (await deployment.call(method, member, key)).status;
  const patiently = async (method: 'PUT' | 'POST', member: string, key = newKey()): Promise<number> => {
    const headers = { authorization: `Bearer ${deployment.token(member)}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ key });
    return (await fetch(`${patient.url}/user-keys`, { method, headers, body })).status;
  };
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
    patient = await startService({ settings: { ...deployment.settings, database__statementTimeoutSeconds: '60' } });
  }, databasesTimeout);
  afterAll(async () => {
    await patient.terminate();
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

  /** A row above the ring's manifest; signed by nobody. */
  const plant = (version: number): Promise<unknown> =>
    direct.database.write(({ manager }) =>
      manager
        .createQueryBuilder()
        .insert()
        .into('RingManifests', ['Version', 'Document', 'Signature', 'CreationDate'])
        .values({ Version: version, Document: '{}', Signature: `of ${version}`, CreationDate: '2026-01-01 00:00:00' })
        .execute(),
    );

  test('is not done when it arrives behind another manifest than it was sealed under, well before its deadline', async () => {
    const broken = async (method: 'PUT' | 'POST', member: string, key: string, meanwhile: () => Promise<unknown>) => {
      proxy.stallOn = write;
      const answered = patiently(method, member, key);
      await until(() => proxy.stalled > 0, 'the write is on its way');
      proxy.cutStalled();
      expect(await answered).toBe(503);
      proxy.stallOn = undefined;
      await meanwhile();
      proxy.heal();
      await proxy.answered();
    };
    const [first, second] = [newKey(), newKey()];
    // What makes the difference is the manifest: without one it is done, for nothing was acknowledged since.
    await broken('PUT', stored, first, () => Promise.resolve());
    await until(async () => (await keyOf(stored)) === first, 'the write that was in time is done');
    await broken('PUT', stored, second, () => plant(1_000_001));
    await broken('POST', fresh, second, () => plant(1_000_002));
    expect([await keyOf(stored), await keyOf(fresh)]).toEqual([first, undefined]);
    // It is not authentic: the replica looks once, and goes on.
    expect([await patiently('PUT', stored, second), await patiently('POST', fresh, second)]).toEqual([200, 200]);
    expect([await keyOf(stored), await keyOf(fresh)]).toEqual([second, second]);
  });

  test('is not done in a storm while manifests come either, and one that was answered 200 is not lost', async () => {
    const members = Array.from({ length: 8 }, () => randomUUID());
    const acknowledged = new Map<string, string>();
    let refused = 0;
    let planted = 0;
    const storm = members.map(async (member) => {
      for (let round = 0; round < 5; round += 1) {
        const key = newKey();
        const answer = await patiently('PUT', member, key);
        if (answer === 200) acknowledged.set(member, key);
        else refused += 1;
      }
    });
    const planting = (async () => {
      for (; planted < 4; planted += 1) await plant(2_000_000 + planted);
    })();
    await Promise.all([...storm, planting]);
    expect(acknowledged.size).toBe(members.length);
    // One that was refused changed nothing: what was acknowledged last is there.
    for (const member of members) expect(await keyOf(member)).toBe(acknowledged.get(member));
    expect(refused).toBeLessThan(members.length * 3);
  });
}

function newKey(): string {
  return randomBytes(32).toString('base64');
}
