import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { newId, openDatabase, type OpenDatabase } from '../database/open-database.js';
import { galeraReason, hasGalera, startGalera } from '../lab/databases/galera.server.js';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { startBalancer } from '../lab/network/balancer.js';
import { statusOf } from '../lab/network/http-call.js';
import { until } from '../lab/processes/until.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';

jest.setTimeout(120_000);

/** What an answer says of a member's key: the key, `none`, or `unknown` when the server cannot tell now. */
type Told = string;

const newKey = (): string => randomBytes(32).toString('base64');

describeIf(hasGalera, galeraReason, 'replicas at the nodes of a Galera cluster', () => {
  let nodes: Awaited<ReturnType<typeof startGalera>>;
  let replicas: readonly [ServiceProcess, ServiceProcess, ServiceProcess];
  let issuer: IssuerServer;
  let folder: TempFolder;

  const startAt = (port: number): Promise<ServiceProcess> =>
    startService({
      settings: {
        ...common,
        database__mySqlConnectionString: `mysql://root@127.0.0.1:${port}/keys`,
        http__readinessGraceSeconds: '0',
      },
    });
  let common: Readonly<Record<string, string>>;

  beforeAll(async () => {
    [nodes, issuer, folder] = await Promise.all([startGalera(), startIssuer(), tempFolder('galera-journey')]);
    common = {
      identityServerUri: issuer.uri,
      ...certificateSettings(await makeKeyCertificate(folder.path)),
      database__provider: 'mysql',
      database__statementTimeoutSeconds: '1',
      // Members replace keys here that they have just stored.
      userKeys__replaceGuardMinutes: '0',
      database__acquireTimeoutSeconds: '1',
    };
    const [one, two, three] = nodes;
    replicas = await Promise.all([startAt(one.port), startAt(two.port), startAt(three.port)]);
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.kill()));
    await Promise.all(nodes.map((node) => node.stop()));
    await issuer.stop();
    await folder.remove();
  });

  const at = (index: 0 | 1 | 2): ServiceProcess => replicas[index];
  const call = async ({ url }: ServiceProcess, method: string, member: string, key?: string): Promise<Response> =>
    fetch(`${url}/user-keys`, {
      method,
      headers: {
        authorization: `Bearer ${issuer.token({ claims: { sub: member } })}`,
        'content-type': 'application/json',
      },
      ...(key === undefined ? {} : { body: JSON.stringify({ key }) }),
    });
  /** Whether it was acknowledged; what was refused may be done or not. */
  const store = async (
    replica: ServiceProcess,
    method: 'POST' | 'PUT',
    member: string,
    key: string,
  ): Promise<boolean> => {
    const { status } = await call(replica, method, member, key);
    expect([200, 503]).toContain(status);
    return status === 200;
  };
  const read = async (replica: ServiceProcess, member: string): Promise<Told> => {
    const answer = await call(replica, 'GET', member);
    expect([200, 404, 503]).toContain(answer.status);
    if (answer.status !== 200) return answer.status === 404 ? 'none' : 'unknown';
    return ((await answer.json()) as { key: string }).key;
  };
  const isReady = async ({ url }: ServiceProcess): Promise<boolean> => (await statusOf(`${url}/health/ready`)) === 200;
  const untilReady = (index: 0 | 1 | 2): Promise<void> =>
    until(() => isReady(at(index)), `replica ${index} is ready again`);

  /**
   * Members store and replace keys at one replica and read them at another, until what is done meanwhile ends: whatever
   * was acknowledged is what is read. Gives how often a key was read.
   */
  const underLoad = async (
    writer: 0 | 1 | 2,
    reader: 0 | 1 | 2,
    meanwhile: () => Promise<unknown>,
  ): Promise<number> => {
    let running = true;
    let reads = 0;
    const member = async (): Promise<void> => {
      while (running) {
        const id = randomUUID();
        let possible: Told[] = ['none'];
        for (const method of ['POST', 'PUT', 'PUT'] as const) {
          const key = newKey();
          const stored = await store(at(writer), method, id, key).catch(() => false);
          possible = stored ? [key] : [...possible, key];
          // The first one may be there or not: what a second POST would say is nobody's business here.
          if (!stored && method === 'POST') break;
          const told = await read(at(reader), id);
          if (told === 'unknown') continue;
          expect(possible).toContain(told);
          reads += 1;
        }
      }
    };
    const members = Promise.all(Array.from({ length: 4 }, member));
    await Promise.race([meanwhile(), members]).finally(() => (running = false));
    await members;
    return reads;
  };
  const seconds = (n: number) => async (): Promise<void> => {
    const end = Date.now() + n * 1000;
    await until(() => Date.now() > end, 'a while of load', n * 2000);
  };

  test('that start all at once on an empty database make one data key, and each reads what any of them stores', async () => {
    expect(await nodes[1].query('SELECT "Id" FROM "DataKeys" WHERE "Id" >= 0')).toHaveLength(1);
    expect(await nodes[2].query('SELECT "KekId" FROM "DataKeyWrappings" WHERE "DataKeyId" >= 0')).toHaveLength(1);
    for (const writer of replicas) {
      const [id, key] = [randomUUID(), newKey()];
      expect(await store(writer, 'POST', id, key)).toBe(true);
      for (const reader of replicas) expect(await read(reader, id)).toBe(key);
    }
  });

  test('whose locks are each node’s own leave the choice to the primary key: the work that lost is run again, and finds it', async () => {
    const opened = await Promise.all(
      nodes.slice(0, 2).map(({ url }) => openDatabase({ provider: 'mysql', mySqlConnectionString: url })),
    );
    await nodes[0].query('CREATE TABLE "Claims" ("Id" int PRIMARY KEY)');
    let inserted = 0;
    const claim = ({ database }: OpenDatabase): Promise<'won' | 'lost'> =>
      database.lock(async (manager) => {
        const claims: object[] = await manager.query('SELECT Id FROM Claims');
        if (claims.length > 0) return 'lost';
        await manager.query('INSERT INTO Claims VALUES (1)');
        inserted += 1;
        await until(() => inserted > 1, 'both have inserted it');
        return 'won';
      });
    try {
      expect((await Promise.all(opened.map(claim))).sort()).toEqual(['lost', 'won']);
    } finally {
      await Promise.all(opened.map((one) => one.close()));
    }
  });

  test('read what another one has acknowledged, under load, also with flow control off', async () => {
    await nodes[2].tell('SET GLOBAL wsrep_desync = ON');
    try {
      const [one, two] = await Promise.all([underLoad(0, 1, seconds(1.5)), underLoad(1, 2, seconds(1.5))]);
      expect(one).toBeGreaterThan(10);
      expect(two).toBeGreaterThan(10);
    } finally {
      await nodes[2].tell('SET GLOBAL wsrep_desync = OFF');
    }
  });

  test('agree on one of the keys that a member stores at two of them at once', async () => {
    for (let round = 0; round < 15; round += 1) {
      const [id, first, keys] = [randomUUID(), newKey(), [newKey(), newKey()]];
      expect(await store(at(0), 'POST', id, first)).toBe(true);
      const stored = await Promise.all(keys.map((key, index) => store(at(index === 0 ? 0 : 1), 'PUT', id, key)));
      const told = await read(at(2), id);
      expect(stored.includes(true) ? keys : [first, ...keys]).toContain(told);
      for (const replica of replicas) expect(await read(replica, id)).toBe(told);
    }
  });

  test('at a node that a backup holds give no old answer, and answer again when it lets go', async () => {
    const [id, before, after] = [randomUUID(), newKey(), newKey()];
    await store(at(0), 'POST', id, before);
    const backup = await nodes[2].session();
    try {
      await backup.query('FLUSH TABLES WITH READ LOCK');
      expect(await store(at(0), 'PUT', id, after)).toBe(true);
      for (let n = 0; n < 3; n += 1) expect(await read(at(2), id)).toBe('unknown');
      expect(await underLoad(0, 1, seconds(0.5))).toBeGreaterThan(0);
    } finally {
      await backup.end();
    }
    await untilReady(2);
    expect(await read(at(2), id)).toBe(after);
  });

  test('that may read stale do so for members alone: the ring, fences and commands wait for what was acknowledged', async () => {
    const stale = await openDatabase({
      provider: 'mysql',
      mySqlConnectionString: nodes[2].url,
      allowStaleReads: 'true',
    });
    const manifests = 'SELECT max(Version) AS version FROM RingManifests';
    const newest = async (): Promise<number> =>
      Number((await nodes[0].query<{ version: number }>(manifests))[0]?.version);
    const sign = (version: number): Promise<unknown> =>
      nodes[0].query(`INSERT INTO "RingManifests" VALUES (${version}, '{}', 'nobody', '2026-01-01 00:00:00')`);
    const before = await newest();
    try {
      await nodes[0].query('CREATE TABLE "Filler" ("Id" int PRIMARY KEY, "Text" varchar(200))');
      await sign(before + 1);
      const fence = { version: before + 1, signature: 'nobody', passedOver: [] };
      const key = { id: newId(), value: 'sealed before', dataKeyId: null };
      const { clock } = await stale.database.read(({ userKeys }) => userKeys.look([key.id], 0));
      // The third node applies this for a while, and the manifest behind it.
      await nodes[0].query(`INSERT INTO "Filler" SELECT seq, repeat('x', 200) FROM seq_1_to_100000`);
      await sign(before + 2);
      const times = { at: clock, deadline: clock + 60_000 };
      expect(
        await stale.database.write(({ userKeys }) => userKeys.swap([{ key, expected: undefined }], times, fence)),
      ).toBe('fenced');

      const backup = await nodes[2].session();
      try {
        await backup.query('FLUSH TABLES WITH READ LOCK');
        await sign(before + 3);
        expect(await stale.database.read(({ userKeys }) => userKeys.find([key.id]))).toEqual([]);
        const asked = stale.database.snapshot((manager) => manager.query<{ version: number }[]>(manifests));
        const unlocked = sleep(500).then(() => backup.query('UNLOCK TABLES'));
        expect(Number((await asked)[0]?.version)).toBe(before + 3);
        await unlocked;
      } finally {
        await backup.end();
      }
    } finally {
      await nodes[0].query(`DELETE FROM "RingManifests" WHERE "Version" > ${before}`);
      await nodes[0].query('DROP TABLE IF EXISTS "Filler"');
      await stale.close();
    }
  });

  test('at an isolated node are not ready, and behind a balancer read on at another at once', async () => {
    const [id, key] = [randomUUID(), newKey()];
    await store(at(0), 'POST', id, key);
    const balancer = await startBalancer(nodes[2].port);
    const balanced = await startAt(balancer.port);
    try {
      // As many connections as the pool takes.
      await Promise.all(Array.from({ length: 20 }, () => read(balanced, id)));
      await nodes[2].isolate(true);
      await until(async () => !(await nodes[2].answers()), 'the node is outside of the primary component');
      balancer.moveTo(nodes[0].port);
      for (let n = 0; n < 20; n += 1) expect(await read(balanced, id)).toBe(key);
      expect(await store(balanced, 'PUT', id, newKey())).toBe(true);
      await until(async () => !(await isReady(at(2))), 'its own replica is not ready');
      expect(await isReady(balanced)).toBe(true);
    } finally {
      await nodes[2].isolate(false);
      await balanced.kill();
      await balancer.stop();
    }
    await untilReady(2);
  });

  test('at a frozen node answer nothing wrong, and the others go on', async () => {
    const [id, before, after] = [randomUUID(), newKey(), newKey()];
    await store(at(0), 'POST', id, before);
    await nodes[2].freeze();
    try {
      await until(() => store(at(0), 'PUT', id, after), 'the others go on');
      expect(await read(at(2), id)).toBe('unknown');
      expect(await underLoad(0, 1, seconds(0.5))).toBeGreaterThan(0);
    } finally {
      await nodes[2].thaw();
    }
    const told = (): Promise<Told> => read(at(2), id);
    await until(async () => {
      const answer = await told();
      expect([after, 'unknown']).toContain(answer);
      return answer === after;
    }, 'the key is read again');
  });

  test('go on when a node is killed under load, and read all of it once it has joined again', async () => {
    const [id, key] = [randomUUID(), newKey()];
    const killed = async (): Promise<void> => {
      await nodes[2].crash();
      await until(() => store(at(0), 'PUT', id, key), 'the others go on');
      await nodes[2].launch();
      await untilReady(2);
    };
    expect(await underLoad(1, 0, killed)).toBeGreaterThan(10);
    expect(await read(at(2), id)).toBe(key);
    expect(await underLoad(0, 2, seconds(0.5))).toBeGreaterThan(0);
  });
});
