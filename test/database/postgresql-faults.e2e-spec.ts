import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import { DatabaseReadOnly, DatabaseUnavailable, UserKey, type Database } from '@key-connector/database';
import pg from 'pg';
import { ownsPostgres, startPostgres } from '../support/postgres.server.js';
import { testIf } from '../support/skip.js';
import { until } from '../support/until.js';
import { buildDatabase, newId, type OpenDatabase, put, useDatabases } from './open-database.js';
import { postgresDatabases } from './test-database.js';

const testOwn = (name: string, body: () => Promise<void>): void => {
  testIf(ownsPostgres, 'TEST_POSTGRES_URL names a server that must not be harmed', name, body);
};

describe('a PostgreSQL server in trouble', () => {
  const suite = useDatabases(postgresDatabases);
  const { open } = suite;

  const valueOf = async (database: Database, id: UserId): Promise<string | undefined> =>
    (await database.read(() => database.userKeys.find([id])))[0]?.value;
  const waitsForLock = async (): Promise<boolean> =>
    (await suite.place.sql(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).length > 0;

  testOwn('a restart between two reads is not noticed: the dead connection is replaced', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    await suite.databases.server.restart();
    expect(await valueOf(database, id)).toBe('v');
  });

  testOwn('while the server is down everything is 503, and it recovers without a restart of ours', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    await suite.databases.server.kill('SIGQUIT');
    await expect(valueOf(database, id)).rejects.toThrow(DatabaseUnavailable);
    await expect(put(database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
    await expect(database.ping()).rejects.toThrow(DatabaseUnavailable);
    await suite.databases.server.restart();
    await until(async () => (await valueOf(database, id).catch(() => undefined)) === 'v', 'the value is read again');
  });

  testOwn('backends that are killed in the middle of writes undo nothing that was acknowledged', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, '0');
    // What may stand there: the last acknowledged value, and whatever was refused since, which may be done all the same.
    const possible = new Set(['0']);
    const stop = new AbortController();
    const killer = (async () => {
      while (!stop.signal.aborted) {
        await suite.place.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'key-connector' AND datname = current_database()`);
        await sleep(5);
      }
    })();
    const count = { refusedWrites: 0, reads: 0 };
    const write = async (value: string): Promise<void> => {
      try {
        await put(database, id, value);
        possible.clear();
      } catch (error) {
        expect(error).toBeInstanceOf(DatabaseUnavailable);
        count.refusedWrites += 1;
      }
      possible.add(value);
    };
    const read = async (): Promise<void> => {
      let value: string | undefined;
      try {
        value = await valueOf(database, id);
      } catch (error) {
        expect(error).toBeInstanceOf(DatabaseUnavailable);
        return;
      }
      expect([...possible]).toContain(value);
      count.reads += 1;
    };
    try {
      for (let n = 1; n <= 300; n += 1) {
        await write(String(n));
        await read();
      }
    } finally {
      stop.abort();
      await killer;
    }
    expect(count.refusedWrites).toBeGreaterThan(0);
    expect(count.reads).toBeGreaterThan(0);
    expect([...possible]).toContain(await valueOf(database, id));
  });

  testOwn('a server that no longer answers costs one deadline, and the pool recovers', async () => {
    const database = await open({ statementTimeoutSeconds: '1', acquireTimeoutSeconds: '1' });
    const id = newId();
    await put(database, id, 'v');
    await suite.databases.server.freeze();
    try {
      const started = Date.now();
      await expect(valueOf(database, id)).rejects.toThrow(DatabaseUnavailable);
      // Far from the one second that it is, and from the defaults that a pool without these settings would wait for.
      expect(Date.now() - started).toBeLessThan(5000);
    } finally {
      await suite.databases.server.thaw();
    }
    expect(await valueOf(database, id)).toBe('v');
  });

  testOwn('a statement that is stuck on the server is cancelled at its deadline', async () => {
    const database = await open({ statementTimeoutSeconds: '1' });
    const id = newId();
    await put(database, id, 'v');
    const holder = await open();
    await holder.lock(async (manager) => {
      await manager.query('LOCK TABLE "UserKeys" IN ACCESS EXCLUSIVE MODE');
      await expect(valueOf(database, id)).rejects.toThrow(/statement timeout \(57014\)/);
    });
    expect(await valueOf(database, id)).toBe('v');
  });

  testOwn('a pool that is used up answers within the acquire timeout, then goes on', async () => {
    const holder = await open();
    await holder.ping();
    const url = suite.place.settings['postgreSqlConnectionString'] ?? '';
    const { hostname, port, pathname } = new URL(url);
    const small = `Host=${hostname};Port=${port};Database=${pathname.slice(1)};Username=postgres;Maximum Pool Size=2`;
    const limits = { acquireTimeoutSeconds: '1', statementTimeoutSeconds: '60' };
    const database = await open({ postgreSqlConnectionString: small, ...limits });
    const [one, two, three] = [newId(), newId(), newId()];
    await holder.lock(async (manager) => {
      await manager.query('LOCK TABLE "UserKeys" IN ACCESS EXCLUSIVE MODE');
      const stuck = [put(database, one, '1'), put(database, two, '2')];
      await until(waitsForLock, 'the writes wait');
      const started = Date.now();
      await expect(put(database, three, '3')).rejects.toThrow(/timeout exceeded/);
      // Neither the stall of up to a minute, nor the default of 5 s.
      expect(Date.now() - started).toBeLessThan(4500);
      await manager.query('COMMIT');
      await manager.query('BEGIN');
      await Promise.all(stuck);
    });
    expect(await valueOf(database, one)).toBe('1');
  });

  testOwn('a database that takes no writes still answers reads', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    const name = (await suite.place.sql<{ name: string }>('SELECT current_database() AS name'))[0]?.name ?? '';
    await suite.place.sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const readOnly = await open();
    await expect(put(readOnly, id, 'w')).rejects.toThrow(DatabaseReadOnly);
    await expect(readOnly.write(() => readOnly.userKeys.touch([{ id, at: new Date() }]))).rejects.toThrow(
      DatabaseReadOnly,
    );
    expect(await valueOf(readOnly, id)).toBe('v');
  });

  testOwn('the victim of a deadlock is sent again', async () => {
    const database = await open();
    const other = await open();
    const [one, two] = [newId(), newId()];
    await put(database, one, '0');
    await put(database, two, '0');
    let tries = 0;
    const update = (id: UserId): string => `UPDATE "UserKeys" SET "Key" = 'x' WHERE "Id" = '${id}'`;
    const work = (who: OpenDatabase | undefined, first: UserId, second: UserId): Promise<void> =>
      (who?.database ?? database).write(async () => {
        tries += 1;
        await who?.source.transaction(async (manager) => {
          await manager.query(update(first));
          await sleep(100);
          await manager.query(update(second));
        });
      });
    await Promise.all([work(suite.opened[0], one, two), work(suite.opened[1], two, one)]);
    expect(tries).toBeGreaterThan(2);
    await other.ping();
  });

  testOwn('a wrong password and a missing database are told without giving up, and without the password', async () => {
    const { port } = suite.databases.server;
    for (const [string, reason] of [
      [
        `Host=127.0.0.1;Port=${port};Database=nosuch;Username=postgres;Password=hunter2`,
        /"nosuch" does not exist \(3D000\)/,
      ],
      [`Host=127.0.0.1;Port=1;Database=x;Username=postgres;Password=hunter2`, /ECONNREFUSED/],
      [`Host=127.0.0.1;Port=${port};Username=postgres;SSL Mode=Require;Password=hunter2`, /does not support SSL/],
      [
        `Host=127.0.0.1;Port=${port};Username=postgres;SSL Mode=VerifyFull;Root Certificate=/no/ca.pem`,
        /ENOENT.*\/no\/ca\.pem/,
      ],
    ] as const) {
      const one = await buildDatabase({ provider: 'postgresql', postgreSqlConnectionString: string });
      suite.opened.push(one);
      const failure: unknown = await one.database.connect().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(DatabaseUnavailable);
      expect(String(failure)).toMatch(reason);
      expect(String(failure)).not.toContain('hunter2');
    }
  });

  testOwn('connect may be called again after a failure, and then works', async () => {
    await suite.databases.server.kill('SIGQUIT');
    const one = await buildDatabase(suite.place.settings);
    suite.opened.push(one);
    await expect(one.database.connect()).rejects.toThrow(DatabaseUnavailable);
    await suite.databases.server.restart();
    await one.database.connect();
    await one.database.ping();
  });

  testOwn('of several hosts, the first that answers is used', async () => {
    const { port } = suite.databases.server;
    const name = (await suite.place.sql<{ name: string }>('SELECT current_database() AS name'))[0]?.name ?? '';
    const string = `Host=127.0.0.1:1,127.0.0.1:${port};Database=${name};Username=postgres`;
    const database = await open({ postgreSqlConnectionString: string });
    await database.ping();
  });

  testOwn('when the host in use is gone for good, the next one is used', async () => {
    const other = await startPostgres();
    try {
      const ports = [suite.databases.server.port, other.port];
      const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
      const onOther = { postgreSqlConnectionString: `Host=127.0.0.1:${other.port};Database=keys;Username=postgres` };
      const id = newId();
      await put(await open(onOther), id, 'other');
      const database = await open({ postgreSqlConnectionString: `Host=${hosts};Database=keys;Username=postgres` });
      expect(await valueOf(database, id)).toBeUndefined();
      await suite.databases.server.kill('SIGQUIT');
      await until(
        async () => (await valueOf(database, id).catch(() => undefined)) === 'other',
        'the other host answers',
      );
    } finally {
      await other.stop();
      await suite.databases.server.restart();
    }
  });

  testOwn('a password is asked for and sent, and a wrong one is refused without being shown', async () => {
    const [file] = await suite.databases.server.query<{ hba_file: string }>('SHOW hba_file');
    const path = file?.hba_file ?? '';
    await writeFile(path, `host all kc 127.0.0.1/32 scram-sha-256\n${await readFile(path, 'utf8')}`);
    await suite.databases.server.query(`CREATE ROLE kc SUPERUSER LOGIN PASSWORD 'it''s;hunter2'`);
    await suite.databases.server.query('SELECT pg_reload_conf()');
    const string = `Host=127.0.0.1;Port=${suite.databases.server.port};Database=keys;Username=kc`;
    const database = await open({ postgreSqlConnectionString: `${string};Password='it''s;hunter2'` });
    await Promise.all(Array.from({ length: 8 }, () => database.ping()));
    const wrong = open({ postgreSqlConnectionString: `${string};Password=hunter3` });
    await expect(wrong).rejects.toThrow(/password authentication failed for user "kc" \(28P01\)/);
  });

  testOwn('a migrator that dies half way leaves nothing behind, and the next one goes on', async () => {
    await suite.place.loadClassic();
    const name = (await suite.place.sql<{ name: string }>('SELECT current_database() AS name'))[0]?.name ?? '';
    const blocker = new pg.Client({
      host: '127.0.0.1',
      port: suite.databases.server.port,
      user: 'postgres',
      database: name,
    });
    await blocker.connect();
    try {
      await blocker.query('BEGIN');
      await blocker.query('LOCK TABLE "UserKeys" IN ACCESS SHARE MODE');
      // It has made DataKeys by now, and waits for UserKeys with the migration lock in its hands.
      const first = open().catch((error: unknown) => error);
      await until(waitsForLock, 'the first migrator waits');
      const second = open();
      const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' ORDER BY query_start`;
      await until(async () => (await suite.place.sql(waiting)).length === 2, 'the second migrator waits');
      const [victim] = await suite.place.sql<{ pid: number }>(waiting);
      await suite.place.sql(`SELECT pg_terminate_backend(${victim?.pid ?? 0})`);
      expect(await first).toBeInstanceOf(DatabaseUnavailable);
      await blocker.query('COMMIT');
      await (await second).ping();
    } finally {
      await blocker.end();
    }
    expect(await suite.place.sql('SELECT "name" FROM "KeyConnectorMigrations"')).toHaveLength(2);
  });

  testOwn('the time zone of the server changes no date', async () => {
    const name = (await suite.place.sql<{ name: string }>('SELECT current_database() AS name'))[0]?.name ?? '';
    await suite.place.sql(`ALTER DATABASE ${name} SET timezone = 'America/New_York'`);
    const database = await open();
    const now = new Date('2026-03-08T07:30:00.120Z');
    await database.write(() => database.userKeys.put([{ id: newId(), value: 'v', dataKeyId: null }], now));
    expect(await suite.place.sql('SELECT "CreationDate"::text AS at FROM "UserKeys"')).toEqual([
      { at: '2026-03-08 07:30:00.12' },
    ]);
    const rows = await database.lock((manager) => manager.find(UserKey));
    expect(rows.map(({ creationDate }) => creationDate)).toEqual([now]);
  });
});
