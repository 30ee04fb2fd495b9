import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AccessTokenGuard } from '@key-connector/auth';
import { parseUserId } from '@key-connector/common';
import { Database, DatabaseModule, databaseSettingsSchema, fromUtcText } from '@key-connector/database';
import { KeyRing } from '@key-connector/key-ring';
import { ObservabilityModule } from '@key-connector/observability';
import { UserKeysModule } from '@key-connector/user-keys';
import { type ExecutionContext, Global, Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  postgresDatabases,
  sqliteDatabases,
  type TestDatabase,
  type TestDatabases,
} from '../database/test-database.js';

/** A ring whose "encryption" is base64: what is under test here is what happens to a sealed value. */
const ring = {
  requireLoaded: () => undefined,
  seal: (_id: string, key: Uint8Array) => ({ value: Buffer.from(key).toString('base64'), dataKeyId: null }),
  open: (_id: string, stored: { value: string }) => Promise.resolve(Buffer.from(stored.value, 'base64')),
};

@Global()
@Module({ providers: [{ provide: KeyRing, useValue: ring }], exports: [KeyRing] })
class PlainKeyRingModule {}

/** Lets in whoever names a GUID. */
const guard = {
  canActivate: (context: ExecutionContext) => {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: unknown }>();
    request.user = { id: parseUserId(request.headers['x-user']) };
    return true;
  },
};

const kinds: readonly (readonly [kind: string, start: () => Promise<TestDatabases>])[] = [
  ['SQLite', sqliteDatabases],
  ['PostgreSQL', postgresDatabases],
];

describe.each(kinds)('/user-keys on %s', (_kind, start) => {
  let databases: TestDatabases;
  let place: TestDatabase;
  let app: NestFastifyApplication;

  const call = (method: 'GET' | 'POST' | 'PUT', user: string, payload?: object): ReturnType<typeof app.inject> =>
    app.inject({ method, url: '/user-keys', headers: { 'x-user': user }, ...(payload ? { payload } : {}) });
  const newKey = (): string => randomBytes(32).toString('base64');

  beforeAll(async () => {
    databases = await start();
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    place = await databases.create();
    const module = await Test.createTestingModule({
      imports: [
        ObservabilityModule.forRoot({ host: '127.0.0.1' }),
        DatabaseModule.forRoot(databaseSettingsSchema.parse(place.settings)),
        PlainKeyRingModule,
        UserKeysModule.forRoot({ accessFlushMilliseconds: 1000 }),
      ],
    })
      .overrideGuard(AccessTokenGuard)
      .useValue(guard)
      .compile();
    app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.init();
    await app.get(Database).connect();
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
    const rows = await place.sql<{ at: string }>('SELECT CAST("LastAccessDate" AS text) AS "at" FROM "UserKeys"');
    expect(fromUtcText(rows[0]?.at ?? '').getTime()).toBeGreaterThanOrEqual(before - 1);
  });
});
