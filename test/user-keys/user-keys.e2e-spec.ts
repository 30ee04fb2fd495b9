import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { AuthModule, authSettingsSchema, SigningKeys } from '@key-connector/auth';
import { type KeyConnectorError, Secret } from '@key-connector/common';
import { CryptoProvidersModule } from '@key-connector/crypto-providers';
import {
  Database,
  DatabaseModule,
  databaseSettingsSchema,
  fromUtcText,
  toUtcText,
  UserKey,
} from '@key-connector/database';
import { KeyRing, KeyRingModule } from '@key-connector/key-ring';
import { Metrics, ObservabilityModule } from '@key-connector/observability';
import {
  takeJsonAsBytes,
  UserKeysModule,
  type UserKeysSettings,
  userKeysSettingsSchema,
} from '@key-connector/user-keys';
import type { ArgumentsHost } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { In } from 'typeorm';
import type { FastifyReply } from 'fastify';
import { openDatabase } from '../database/open-database.js';
import { databasesTimeout, type TestDatabase, type TestDatabases, testKinds } from '../database/test-database.js';
import { makeKeyCertificate } from '../lab/files/certificate.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { describeIf } from '../lab/skip/skip.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';

for (const { name, here, reason, start } of testKinds) {
  describeIf(here, reason, `/user-keys on ${name}`, () => {
    userKeysSuite(name, start);
  });
}

function userKeysSuite(name: string, start: () => Promise<TestDatabases>): void {
  let databases: TestDatabases;
  let issuer: IssuerServer;
  let folder: TempFolder;
  let certificate: { path: string; password: string };
  let place: TestDatabase;
  let app: NestFastifyApplication;

  const call = (method: 'GET' | 'POST' | 'PUT', user: string, payload?: object): ReturnType<typeof app.inject> =>
    app.inject({
      method,
      url: '/user-keys',
      headers: { authorization: `Bearer ${issuer.token({ claims: { sub: user } })}` },
      ...(payload ? { payload } : {}),
    });
  /** Stores or replaces a key: the code of the refusal, or nothing. */
  const put = async (user: string, key: string): Promise<string> => {
    const answer = await call('PUT', user, { key });
    return answer.statusCode === 200 ? '' : answer.json<{ code: string }>().code;
  };
  /** Makes every row older. */
  const age = async (minutes: number): Promise<void> => {
    const time = toUtcText(new Date(Date.now() - minutes * 60_000)).slice(0, 26);
    await place.sql(`UPDATE "UserKeys" SET "CreationDate" = '${time}', "RevisionDate" = NULL`);
  };
  /** All that is stored, but for the times of reads. */
  const everything = async (): Promise<unknown[]> => {
    const tables = ['UserKeys', 'DataKeys', 'DataKeyWrappings', 'RingManifests', 'ApplicationDatas'];
    const rows = await Promise.all(tables.map((table) => place.sql(`SELECT * FROM "${table}" ORDER BY 1`)));
    return rows.flat().map((row) => ({ ...row, LastAccessDate: undefined }));
  };
  const newKey = (): string => randomBytes(32).toString('base64');

  beforeAll(async () => {
    databases = await start();
    issuer = await startIssuer();
    folder = await tempFolder('user-keys');
    certificate = await makeKeyCertificate(folder.path);
  }, databasesTimeout);
  afterAll(async () => {
    await databases.stop();
    await issuer.stop();
    await folder.remove();
  });
  const serve = async (settings: Partial<UserKeysSettings>): Promise<NestFastifyApplication> => {
    const observability = ObservabilityModule.forRoot({ host: '127.0.0.1' });
    const database = DatabaseModule.forRoot(databaseSettingsSchema.parse(place.settings));
    const keyProvider = CryptoProvidersModule.forRoot({
      kind: 'certificate',
      timeoutSeconds: 15,
      source: { kind: 'filesystem', path: certificate.path, password: new Secret(certificate.password) },
    });
    const keyRing = KeyRingModule.forRootAsync({
      imports: [observability, database, keyProvider],
      useFactory: () => ({ valueLayout: 'auto' as const, providerCheckSeconds: 300, identity: [], reloadSeconds: 5 }),
    });
    const auth = AuthModule.forRootAsync({
      imports: [observability],
      useFactory: () => ({ ...authSettingsSchema.parse({}), identityServerUri: issuer.uri }),
    });
    const userKeys = UserKeysModule.forRootAsync({
      imports: [observability, database, keyRing, auth],
      useFactory: () => ({ ...userKeysSettingsSchema.parse({}), replaceGuardMinutes: 0, ...settings }),
    });
    const module = await Test.createTestingModule({ imports: [userKeys] }).compile();
    const served = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), {
      logger: false,
      bodyParser: false,
    });
    takeJsonAsBytes(served);
    served.useGlobalFilters({
      catch: ({ code }: KeyConnectorError, host: ArgumentsHost) =>
        host.switchToHttp().getResponse<FastifyReply>().status(500).send({ code }),
    });
    await served.init();
    await served.get(Database).connect();
    await served.get(KeyRing).load();
    await served.get(SigningKeys).prefetch();
    return served;
  };
  beforeEach(async () => {
    place = await databases.create();
    app = await serve({});
  });
  afterEach(() => app.close());

  test('a write is answered by exactly 200 and nothing, a read by the key and never cached', async () => {
    const user = randomUUID();
    const [first, second] = [newKey(), newKey()];
    for (const [method, key] of [
      ['POST', first],
      ['PUT', second],
    ] as const) {
      const answer = await call(method, user, { key });
      expect([answer.statusCode, answer.body, answer.headers['content-type']]).toEqual([200, '', undefined]);
      const read = await call('GET', user.toUpperCase());
      expect([read.statusCode, read.body]).toEqual([200, JSON.stringify({ key })]);
      expect(read.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    }
  });

  // SQLite has one lock for all, which nobody holds for long.
  if (name !== 'SQLite')
    test('members whose rows another session holds are refused soon, and keep no stranger’s key from being stored or read', async () => {
      const held = [randomUUID(), randomUUID()];
      const strangers = [randomUUID(), randomUUID(), randomUUID()];
      for (const user of [...held, ...strangers]) expect(await put(user, newKey())).toBe('');
      const other = await openDatabase(place.settings);
      try {
        const holder = other.database.lock(async (manager) => {
          await manager.update(UserKey, { id: In(held) }, { lastAccessDate: new Date() });
          const began = performance.now();
          // Two statements, and one that they share with strangers.
          const refused = [];
          for (const user of held) {
            refused.push(put(user, newKey()));
            await nextTurn();
          }
          const all = await Promise.all([...held, ...strangers].map((user) => put(user, newKey())));
          expect(all.map((code) => code === '')).toEqual([false, false, true, true, true]);
          expect(new Set([...(await Promise.all(refused)), ...all.slice(0, 2)])).toEqual(
            new Set(['DATABASE_UNAVAILABLE']),
          );
          for (const user of strangers) expect((await call('GET', user)).statusCode).toBe(200);
          // Under the 5 s that a request waits for its turn, and the 10 s of a statement.
          expect(performance.now() - began).toBeLessThan(5000);
          throw new Error('let go');
        });
        await expect(holder).rejects.toThrow('let go');
      } finally {
        await other.close();
      }
      for (const user of held) expect(await put(user, newKey())).toBe('');
    });

  test('of 100 first stores at once one is taken, and its key is the one that is read', async () => {
    const user = randomUUID();
    const keys = Array.from({ length: 100 }, newKey);
    const answers = await Promise.all(keys.map((key) => call('POST', user, { key })));
    const taken = keys.filter((_, index) => answers[index]?.statusCode === 200);
    expect(taken).toHaveLength(1);
    expect((await call('GET', user)).json()).toEqual({ key: taken[0] });
  });

  test('a read that begins after a replacement was acknowledged sees it, under many readers', async () => {
    const user = randomUUID();
    let acknowledged = 0;
    const numbered = (n: number): string => Buffer.alloc(32, n).toString('base64');
    await call('PUT', user, { key: numbered(0) });
    const readers = Array.from({ length: 16 }, async () => {
      while (acknowledged < 40) {
        const least = acknowledged;
        const { key } = (await call('GET', user)).json<{ key: string }>();
        expect(Buffer.from(key, 'base64')[0]).toBeGreaterThanOrEqual(least);
      }
    });
    for (let n = 1; n <= 40; n += 1) {
      await call('PUT', user, { key: numbered(n) });
      acknowledged = n;
    }
    await Promise.all(readers);
  });

  test('the time of a read is on disk when the service has stopped', async () => {
    const user = randomUUID();
    await call('PUT', user, { key: newKey() });
    const before = Date.now();
    await call('GET', user);
    await app.close();
    const rows = await place.sql<{ at: string }>(`SELECT ${place.text('"LastAccessDate"')} AS "at" FROM "UserKeys"`);
    expect(fromUtcText(rows[0]?.at ?? '').getTime()).toBeGreaterThanOrEqual(before - 1);
  });

  test('a member who is read again within the resolution is not written again, and with 0 is', async () => {
    const user = randomUUID();
    await call('PUT', user, { key: newKey() });
    const stored = async (): Promise<string> => {
      const [row] = await place.sql<{ at: string }>(`SELECT ${place.text('"LastAccessDate"')} AS "at" FROM "UserKeys"`);
      return row?.at ?? '';
    };
    /** The stored date once a service of its own has read the member and stopped. */
    const afterRead = async (settings: Partial<UserKeysSettings>): Promise<string> => {
      await app.close();
      app = await serve(settings);
      expect((await call('GET', user)).statusCode).toBe(200);
      await app.close();
      return stored();
    };
    const store = (milliseconds: number): Promise<unknown> =>
      place.sql(
        `UPDATE "UserKeys" SET "LastAccessDate" = '${toUtcText(new Date(Date.now() + milliseconds)).slice(0, 26)}'`,
      );
    const first = await afterRead({});
    expect(await afterRead({})).toBe(first);
    const exact = await afterRead({ accessResolutionSeconds: 0 });
    expect(fromUtcText(exact).getTime()).toBeGreaterThan(fromUtcText(first).getTime());

    for (const [milliseconds, stands] of [
      [-61_000, false],
      [-30_000, true],
      [1_800_000, true],
      [86_400_000, false],
    ] as const) {
      await store(milliseconds);
      const before = await stored();
      const began = Date.now();
      const after = await afterRead({});
      if (stands) expect(after).toBe(before);
      else expect(Math.abs(fromUtcText(after).getTime() - began)).toBeLessThan(20_000);
    }
  });

  test('a read and the time of it leave every other column and row as they were, also of a value that does not open', async () => {
    const [read, unread, broken] = [randomUUID(), randomUUID(), randomUUID()];
    for (const user of [read, unread, broken]) await call('PUT', user, { key: newKey() });
    const ofBroken = `WHERE lower(${place.text('"Id"')}) = '${broken}'`;
    const [stored] = await place.sql<{ Key: string }>(`SELECT "Key" FROM "UserKeys" ${ofBroken}`);
    await place.sql(`UPDATE "UserKeys" SET "Key" = '${stored?.Key ?? ''}AAAA' ${ofBroken}`);
    const before = await everything();

    expect((await call('GET', read)).statusCode).toBe(200);
    expect((await call('GET', broken)).statusCode).toBe(500);
    await app.close();

    expect(await everything()).toEqual(before);
    const touched = await place.sql(
      `SELECT lower(${place.text('"Id"')}) AS id FROM "UserKeys" WHERE "LastAccessDate" IS NOT NULL`,
    );
    expect(touched).toEqual([{ id: read }]);
  });

  test('a key that was stored a short time ago is kept from another one, and taken again', async () => {
    await app.close();
    app = await serve({ replaceGuardMinutes: 15 });
    const user = randomUUID();
    const [good, other] = [newKey(), newKey()];
    expect((await call('POST', user, { key: good })).statusCode).toBe(200);
    const refused = await put(user, other);
    expect(refused).toBe('USER_KEY_STORED_RECENTLY');
    expect(await put(user, good)).toBe('');
    expect((await call('GET', user)).json()).toEqual({ key: good });
    expect(await app.get(Metrics).registry.metrics()).toMatch(/^key_connector_replacements_refused_total 1$/m);

    await age(16);
    expect(await put(user, other)).toBe('');
    expect((await call('GET', user)).json()).toEqual({ key: other });
    // Its age begins anew.
    expect(await put(user, good)).toBe('USER_KEY_STORED_RECENTLY');
  });

  test('a young key that does not open is kept too, until it is no longer young', async () => {
    await app.close();
    app = await serve({ replaceGuardMinutes: 15 });
    const user = randomUUID();
    await call('POST', user, { key: newKey() });
    await place.sql(`UPDATE "UserKeys" SET "Key" = 'kc2.1.AAAA'`);
    expect(await put(user, newKey())).toBe('USER_KEY_STORED_RECENTLY');
    await age(16);
    expect(await put(user, newKey())).toBe('');
  });

  test('of two devices that send keys of their own at once, one is refused', async () => {
    await app.close();
    app = await serve({ replaceGuardMinutes: 15 });
    const user = randomUUID();
    const keys = [newKey(), newKey()];
    const answers = await Promise.all(keys.map((key) => put(user, key)));
    expect(answers.toSorted()).toEqual(['', 'USER_KEY_STORED_RECENTLY']);
    expect((await call('GET', user)).json()).toEqual({ key: keys[answers.indexOf('')] });
  });
}
