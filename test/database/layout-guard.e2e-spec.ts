import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  Database,
  DatabaseModule,
  databaseSettingsSchema,
  LayoutGuard,
  LayoutGuardDenied,
} from '@key-connector/database';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { describeIf } from '../lab/skip/skip.js';
import {
  databasesTimeout,
  mysqlDatabases,
  postgresDatabases,
  type TestDatabase,
  type TestDatabases,
  testKinds,
} from './test-database.js';

/** The guard of a deployment with these settings, and what closes it. */
async function openGuard(
  settings: Readonly<Record<string, string>>,
): Promise<{ guard: LayoutGuard; close: () => Promise<void> }> {
  const module = DatabaseModule.forRoot(databaseSettingsSchema.parse(settings));
  const context: INestApplicationContext = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  await context.get(Database).connect();
  return { guard: context.get(LayoutGuard), close: () => context.close() };
}

for (const { name, here, reason, start } of testKinds)
  describeIf(here, reason, `the guard of the layout on ${name}`, () => {
    let databases: TestDatabases;
    let place: TestDatabase;
    let open: Awaited<ReturnType<typeof openGuard>>;
    beforeAll(async () => {
      databases = await start();
      place = await databases.create();
      await place.loadClassic();
      open = await openGuard(place.settings);
      await place.sql(`INSERT INTO "DataKeys" ("Id", "CreationDate") VALUES (1, '2026-01-01 00:00:00')`);
    }, databasesTimeout);
    afterAll(async () => {
      await open.close();
      await databases.stop();
    });

    const ids = async (): Promise<string[]> =>
      (await place.sql<{ id: string }>(`SELECT ${place.text('"Id"')} AS "id" FROM "UserKeys"`)).map(({ id }) => id);
    const write = async (value: string, dataKeyId: string): Promise<unknown> => {
      const [id = ''] = await ids();
      const where = `WHERE ${place.text('"Id"')} = '${id}'`;
      return place.sql(`UPDATE "UserKeys" SET "Key" = '${value}', "DataKeyId" = ${dataKeyId} ${where}`);
    };
    const classic = randomBytes(60).toString('base64');

    test('lets pass what each layout may be, and refuses everything else', async () => {
      await expect(open.guard.standing()).resolves.toBeUndefined();
      await open.guard.put('bound');
      await open.guard.put('bound');
      await expect(open.guard.standing()).resolves.toBe('bound');
      await write('kc2.1.abc', '1');
      await expect(write(classic, '1')).rejects.toThrow();
      await expect(write('kc2.1.abc', 'NULL')).rejects.toThrow();
      await write(classic, 'NULL');

      await open.guard.put('boundOnly');
      await expect(open.guard.standing()).resolves.toBe('boundOnly');
      await expect(write(randomBytes(60).toString('base64'), 'NULL')).rejects.toThrow();
      await write('kc2.1.abc', '1');
      await write('kc2.1.abd', '1');

      await open.guard.takeAway();
      await open.guard.takeAway();
      await expect(open.guard.standing()).resolves.toBeUndefined();
      await write(classic, '1');
    });
  });

describeIf(true, '', 'a PostgreSQL login', () => {
  let databases: Awaited<ReturnType<typeof postgresDatabases>>;
  let place: TestDatabase;
  beforeAll(async () => {
    databases = await postgresDatabases();
    place = await databases.create();
    await (await openGuard(place.settings)).close();
  }, databasesTimeout);
  afterAll(() => databases.stop());

  const urlOf = ({ settings }: TestDatabase): URL => new URL(settings['postgreSqlConnectionString'] ?? '');

  test('that does not own the table is told what an administrator has to run, and that does it', async () => {
    await place.sql(`CREATE ROLE keys_writer LOGIN PASSWORD 'secret'`);
    await place.sql('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO keys_writer');
    const url = urlOf(place);
    url.username = 'keys_writer';
    url.password = 'secret';
    const { guard, close } = await openGuard({ ...place.settings, postgreSqlConnectionString: url.toString() });
    try {
      const denied = await guard.put('bound').catch((error: unknown) => error);
      if (!(denied instanceof LayoutGuardDenied)) throw denied;
      await place.sql(denied.script);
      await expect(guard.standing()).resolves.toBe('bound');
      await expect(guard.put('bound')).resolves.toBeUndefined();
    } finally {
      await close();
    }
  });

  test('waits behind a transaction that was left open without holding members up', async () => {
    const { guard, close } = await openGuard(place.settings);
    const client = new pg.Client({ connectionString: urlOf(place).toString() });
    await client.connect();
    try {
      await client.query('BEGIN; SELECT * FROM "UserKeys"');
      const put = guard.put('boundOnly');
      // A statement of a member's that waits at most a second for a lock, again and again while the guard tries.
      for (let count = 0; count < 5; count += 1)
        await place.sql(`SET lock_timeout = '1s'; UPDATE "UserKeys" SET "LastAccessDate" = "CreationDate"`);
      await client.query('COMMIT');
      await put;
      await expect(guard.standing()).resolves.toBe('boundOnly');
    } finally {
      await client.end();
      await close();
    }
  });
});

describeIf(
  testKinds.some(({ name, here }) => name === 'MySQL' && here),
  'no MariaDB here',
  'a MySQL login',
  () => {
    test(
      'without TRIGGER is told what an administrator has to run',
      async () => {
        const databases = await mysqlDatabases();
        try {
          const place = await databases.create();
          await (await openGuard(place.settings)).close();
          const url = new URL(place.settings['mySqlConnectionString'] ?? '');
          await databases.server.query(`CREATE USER IF NOT EXISTS keys_writer@'%' IDENTIFIED BY 'secret'`);
          await databases.server.query(
            `GRANT SELECT, INSERT, UPDATE, DELETE ON ${url.pathname.slice(1)}.* TO keys_writer@'%'`,
          );
          url.username = 'keys_writer';
          url.password = 'secret';
          const { guard, close } = await openGuard({ ...place.settings, mySqlConnectionString: url.toString() });
          try {
            await expect(guard.put('bound')).rejects.toThrow('CREATE TRIGGER `CK_UserKeys_Layout_bound_UPDATE`');
          } finally {
            await close();
          }
        } finally {
          await databases.stop();
        }
      },
      databasesTimeout,
    );
  },
);
