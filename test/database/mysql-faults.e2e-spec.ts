import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import { DatabaseReadOnly, DatabaseUnavailable, UserKey, type Database } from '@key-connector/database';
import { createConnection, type Connection } from 'mysql2/promise';
import { ownsMariadb, mysqlReason } from '../support/mariadb.server.js';
import { describeIf, testIf } from '../support/skip.js';
import { until } from '../support/until.js';
import { buildDatabase, newId, type OpenDatabase, put, useDatabases } from './open-database.js';
import { mysqlDatabases } from './test-database.js';

const test = (name: string, body: () => Promise<void>): void => {
  testIf(ownsMariadb, mysqlReason, name, body);
};

describeIf(ownsMariadb, mysqlReason, 'a MariaDB server in trouble', () => {
  const suite = useDatabases(mysqlDatabases);
  const { open } = suite;

  const server = (): (typeof suite.databases)['server'] => suite.databases.server;
  const valueOf = async (database: Database, id: UserId): Promise<string | undefined> =>
    (await database.read(() => database.userKeys.find([id])))[0]?.value;
  const url = (change: (url: URL) => void): string => {
    const copy = new URL(suite.place.settings['mySqlConnectionString'] ?? '');
    change(copy);
    return copy.toString();
  };
  /** Ends every connection that the service has to this test's database. */
  const killAll = (): Promise<unknown> =>
    suite.place.sql(`BEGIN NOT ATOMIC
      FOR c IN (SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()) DO
        BEGIN
          DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
          EXECUTE IMMEDIATE CONCAT('KILL ', c.id);
        END;
      END FOR;
    END`);
  const waiting = async (): Promise<{ id: number }[]> =>
    suite.place.sql(`SELECT id FROM information_schema.processlist
      WHERE db = DATABASE() AND (state LIKE 'Waiting for table%' OR state LIKE 'User lock' OR id IN (
        SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT')) ORDER BY time_ms DESC`);

  /** Runs work while a connection of the test holds what a statement takes. */
  const whileHolding = async (hold: string, work: (holder: Connection) => Promise<void>): Promise<void> => {
    const holder = await createConnection(url(() => undefined));
    try {
      await holder.query(hold);
      await work(holder);
    } finally {
      await holder.end();
    }
  };

  test('a restart between two reads is not noticed: the dead connections are replaced', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    // More than one, so that the second try could meet another dead one.
    await Promise.all(Array.from({ length: 8 }, () => valueOf(database, id)));
    await server().restart();
    expect(await valueOf(database, id)).toBe('v');
  });

  test('connections that the server ended while they were idle are not noticed', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 8 }, () => valueOf(database, id)));
      await killAll();
      expect(await valueOf(database, id)).toBe('v');
    }
  });

  test('while the server is down everything is 503, and it recovers without a restart of ours', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, 'v');
    await server().kill('SIGKILL');
    await expect(valueOf(database, id)).rejects.toThrow(DatabaseUnavailable);
    await expect(put(database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
    await expect(database.ping()).rejects.toThrow(DatabaseUnavailable);
    await server().restart();
    await until(async () => (await valueOf(database, id).catch(() => undefined)) === 'v', 'the value is read again');
  });

  test('connections that are killed in the middle of writes undo nothing that was acknowledged', async () => {
    const database = await open();
    const id = newId();
    await put(database, id, '0');
    // What may stand there: the last acknowledged value, and whatever was refused since, which may be done all the same.
    const possible = new Set(['0']);
    const stop = new AbortController();
    const killer = (async () => {
      while (!stop.signal.aborted) {
        await killAll();
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

  test('a server that no longer answers costs one deadline, and the pool recovers', async () => {
    const database = await open({ statementTimeoutSeconds: '1', acquireTimeoutSeconds: '1' });
    const id = newId();
    await put(database, id, 'v');
    await server().freeze();
    try {
      const started = Date.now();
      const stuck = [valueOf(database, id), database.ping(), database.lock((manager) => manager.query('SELECT 1'))];
      for (const one of await Promise.allSettled(stuck)) {
        expect(one).toMatchObject({ status: 'rejected', reason: expect.any(DatabaseUnavailable) as unknown });
      }
      // Far from the one second that it is, and from the defaults that a pool without these settings would wait for.
      expect(Date.now() - started).toBeLessThan(5000);
    } finally {
      await server().thaw();
    }
    expect(await valueOf(database, id)).toBe('v');
  });

  test('a statement that is stuck on the server is ended at its deadline, by the server', async () => {
    const database = await open({ statementTimeoutSeconds: '1' });
    const id = newId();
    await put(database, id, 'v');
    await whileHolding('LOCK TABLES UserKeys WRITE', async () => {
      const started = Date.now();
      await expect(valueOf(database, id)).rejects.toThrow(DatabaseUnavailable);
      await expect(put(database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
      expect(Date.now() - started).toBeLessThan(5000);
      // Neither waits on, to overwrite what may be stored later.
      expect(await waiting()).toEqual([]);
    });
    expect(await valueOf(database, id)).toBe('v');
  });

  test('a pool that is used up answers within the acquire timeout, then goes on', async () => {
    const string = url((it) => {
      it.searchParams.set('Maximum Pool Size', '2');
    });
    const limits = { acquireTimeoutSeconds: '1', statementTimeoutSeconds: '60' };
    const database = await open({ mySqlConnectionString: string, ...limits });
    const [one, two, three] = [newId(), newId(), newId()];
    let stuck: Promise<void>[] = [];
    await whileHolding('LOCK TABLES UserKeys WRITE', async () => {
      stuck = [put(database, one, '1'), put(database, two, '2')];
      await until(async () => (await waiting()).length === 2, 'the writes wait');
      const started = Date.now();
      await expect(put(database, three, '3')).rejects.toThrow(/timeout exceeded/);
      // Neither the stall of up to a minute, nor the default of 5 s.
      expect(Date.now() - started).toBeLessThan(4500);
    });
    await Promise.all(stuck);
    expect(await valueOf(database, one)).toBe('1');
    expect(await valueOf(database, three)).toBeUndefined();
  });

  test('a server that takes no writes still answers reads', async () => {
    const admin = await open();
    await server().query(
      `CREATE USER IF NOT EXISTS kc@'127.0.0.1'; GRANT ALL ON "key\\_connector\\_%".* TO kc@'127.0.0.1'`,
    );
    const database = await open({ mySqlConnectionString: url((it) => void (it.username = 'kc')) });
    const id = newId();
    await put(admin, id, 'v');
    await server().query('SET GLOBAL read_only = ON');
    try {
      await expect(put(database, id, 'w')).rejects.toThrow(DatabaseReadOnly);
      await expect(database.write(() => database.userKeys.touch([{ id, at: new Date() }]))).rejects.toThrow(
        DatabaseReadOnly,
      );
      expect(await valueOf(database, id)).toBe('v');
    } finally {
      await server().query('SET GLOBAL read_only = OFF');
    }
    await put(database, id, 'w');
    expect(await valueOf(database, id)).toBe('w');
  });

  test('the victim of a deadlock is sent again', async () => {
    const database = await open();
    await open();
    const [one, two] = [newId(), newId()];
    await put(database, one, '0');
    await put(database, two, '0');
    let tries = 0;
    const update = (id: UserId): string => `UPDATE UserKeys SET \`Key\` = 'x' WHERE Id = '${id}'`;
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
  });

  test('what is wrong with a connection is told without giving up, and without the password', async () => {
    const { port } = server();
    const base = `Server=127.0.0.1;Port=${port};Database=keys;User Id=root;Password=hunter2`;
    for (const [string, reason] of [
      [base, /Access denied for user 'root'.*\(ER_ACCESS_DENIED_ERROR\)/],
      [base.replace('Database=keys', 'Database=nosuch').replace(';Password=hunter2', ''), /Unknown database 'nosuch'/],
      [base.replace(`Port=${port}`, 'Port=1'), /ECONNREFUSED/],
      [`${base};SslMode=Required`, /does not support secure connection/],
      [`${base};SslMode=VerifyFull;SslCa=/no/ca.pem`, /ENOENT.*\/no\/ca\.pem/],
    ] as const) {
      const one = await buildDatabase({ provider: 'mysql', mySqlConnectionString: string });
      suite.opened.push(one);
      const failure: unknown = await one.database.connect().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(DatabaseUnavailable);
      expect(String(failure)).toMatch(reason);
      expect(String(failure)).not.toContain('hunter2');
    }
  });

  test('connect may be called again after a failure, and then works', async () => {
    await server().kill('SIGKILL');
    const one = await buildDatabase(suite.place.settings);
    suite.opened.push(one);
    await expect(one.database.connect()).rejects.toThrow(DatabaseUnavailable);
    await server().restart();
    await one.database.connect();
    await one.database.ping();
  });

  test('a migrator that is cut off after any of its steps is followed by one that finishes the work', async () => {
    const log = 'SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = DATABASE()';
    await suite.place.loadClassic();
    await whileHolding('LOCK TABLES UserKeys READ', async (holder) => {
      // It has made DataKeys and the wrappings by now, and waits for UserKeys with the lock in its hands.
      const first = open().catch((error: unknown) => error);
      await until(async () => (await waiting()).length === 1, 'the first migrator waits');
      const second = open();
      await until(async () => (await waiting()).length === 2, 'the second migrator waits');
      const [victim] = await suite.place.sql<{ id: number }>(
        `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE 'Waiting for table%'`,
      );
      await suite.place.sql(`KILL ${victim?.id ?? 0}`);
      expect(await first).toBeInstanceOf(DatabaseUnavailable);
      await holder.query('UNLOCK TABLES');
      await (await second).ping();
    });
    const steps = [
      `DELETE FROM "KeyConnectorMigrations" WHERE "name" LIKE 'DataKeys%'`,
      'ALTER TABLE "UserKeys" DROP FOREIGN KEY "FK_UserKeys_DataKeys"',
      'ALTER TABLE "UserKeys" DROP INDEX "IX_UserKeys_DataKeyId"',
      'ALTER TABLE "UserKeys" DROP COLUMN "DataKeyId"',
      'DROP TABLE "DataKeyWrappings"',
      'DROP TABLE "DataKeys"',
      'DROP TABLE "KeyConnectorMigrations"',
    ];
    // Backwards through all that the migrations do: each state is one in which a killed migrator leaves the database.
    for (let undone = 1; undone <= steps.length; undone += 1) {
      const [{ n } = { n: -1 }] = await suite.place.sql<{ n: number }>(log);
      for (const step of steps.slice(0, undone)) await suite.place.sql(step);
      await (await open()).ping();
      expect(await suite.place.sql(log)).toEqual([{ n }]);
      expect(await suite.place.sql('SELECT "name" FROM "KeyConnectorMigrations"')).toHaveLength(2);
      await expect(suite.place.sql(`UPDATE "UserKeys" SET "DataKeyId" = 9`)).rejects.toThrow(/foreign key/);
    }
  });

  test('whatever the server presets, what is stored is committed, exact and in UTC', async () => {
    const presets = `SET GLOBAL autocommit = 0; SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';
      SET GLOBAL time_zone = '-05:00'; SET GLOBAL transaction_isolation = 'SERIALIZABLE'`;
    await server().query(presets.replace('transaction_isolation', 'tx_isolation'));
    try {
      const database = await open();
      const now = new Date('2026-03-08T07:30:00.120Z');
      const [stored, inserted] = [newId(), newId()];
      await database.write(() =>
        database.userKeys.put([{ id: stored, value: String.raw`a\'b"ü🔑`, dataKeyId: null }], now),
      );
      await database.write(() => database.userKeys.insert({ id: inserted, value: 'v', dataKeyId: null }, now));
      await database.write(() => database.userKeys.touch([{ id: stored, at: now }]));
      await database.lock((manager) => manager.insert(UserKey, { id: newId(), value: 'v', creationDate: now }));
      const time = '2026-03-08 07:30:00.120000';
      const rows = await suite.place.sql(
        `SELECT "Key" AS k, ${suite.place.text('"CreationDate"')} AS c, ${suite.place.text('"LastAccessDate"')} AS l
         FROM "UserKeys" ORDER BY "LastAccessDate" DESC`,
      );
      expect(rows).toEqual([
        { k: String.raw`a\'b"ü🔑`, c: time, l: time },
        { k: 'v', c: time, l: null },
        { k: 'v', c: time, l: null },
      ]);
      const found = await database.lock((manager) => manager.find(UserKey));
      expect(found.map(({ creationDate }) => creationDate)).toEqual([now, now, now]);
      expect(await database.read(() => database.userKeys.find([inserted]))).toHaveLength(1);
    } finally {
      await server().query(`SET GLOBAL autocommit = 1; SET GLOBAL sql_mode = DEFAULT; SET GLOBAL time_zone = 'SYSTEM';
        SET GLOBAL tx_isolation = DEFAULT`);
    }
  });

  test('the rights that the documentation names are enough once the tables are there', async () => {
    await open();
    const name = suite.place.settings['mySqlConnectionString']?.split('/').at(-1) ?? '';
    const tables = ['ApplicationDatas', 'DataKeys', 'DataKeyWrappings', 'KeyConnectorMigrations'];
    const grants = tables.map((table) => `GRANT SELECT ON ${name}."${table}" TO modest`);
    const first = `CREATE OR REPLACE USER modest; GRANT SELECT, INSERT, UPDATE ON ${name}."UserKeys" TO modest`;
    await server().query([first, ...grants].join(';'));
    const string = url((it) => {
      it.username = 'modest';
    });
    const database = await open({ mySqlConnectionString: string, migrate: 'false' });
    const id = newId();
    await put(database, id, 'v');
    await put(database, id, 'w');
    await database.write(() => database.userKeys.touch([{ id, at: new Date() }]));
    await database.lock((manager) => manager.find(UserKey));
    expect(await valueOf(database, id)).toBe('w');
  });

  test('reads and access dates go by the primary key, and member ids are found in either case', async () => {
    const database = await open();
    const ids = Array.from({ length: 200 }, newId);
    for (const id of ids) await put(database, id, 'v');
    const [id = newId()] = ids;
    await suite.place.sql(`UPDATE "UserKeys" SET "Id" = UPPER("Id") WHERE "Id" = '${id}'`);
    expect(await valueOf(database, id)).toBe('v');
    expect(await database.write(() => database.userKeys.insert({ id, value: 'w', dataKeyId: null }, new Date()))).toBe(
      false,
    );
    await put(database, id, 'x');
    expect(await suite.place.sql(`SELECT "Key" AS k FROM "UserKeys" WHERE "Id" = '${id}'`)).toEqual([{ k: 'x' }]);
    const rowsRead = async (work: () => Promise<unknown>): Promise<number> => {
      const sql = `SELECT SUM(variable_value) AS n FROM information_schema.global_status
        WHERE variable_name IN ('HANDLER_READ_RND_NEXT', 'HANDLER_READ_NEXT')`;
      const [before] = await suite.place.sql<{ n: number }>(sql);
      await work();
      const [after] = await suite.place.sql<{ n: number }>(sql);
      const [again] = await suite.place.sql<{ n: number }>(sql);
      const noise = Number(again?.n) - Number(after?.n);
      return Number(after?.n) - Number(before?.n) - noise;
    };
    // A scan would read all 200 rows, twice over for two members.
    expect(await rowsRead(() => database.userKeys.find(ids.slice(0, 2)))).toBeLessThan(50);
    const accesses = ids.slice(0, 2).map((one) => ({ id: one, at: new Date() }));
    expect(await rowsRead(() => database.userKeys.touch(accesses))).toBeLessThan(50);
  });
});
