import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import { DatabaseReadOnly, DatabaseUnavailable, UserKey, type Database } from '@key-connector/database';
import { describeIf } from '../lab/skip/skip.js';
import { until } from '../lab/processes/until.js';
import {
  type DatabaseSuite,
  buildDatabase,
  insert,
  newId,
  type OpenDatabase,
  put,
  useDatabases,
} from './open-database.js';
import { changed, type Holder, type ServerDatabases, type ServerKind } from './server-kind.js';
import type { TestDatabase } from './test-database.js';

/** What a kind of server adds to the suite: how it says things, and how it is made to refuse writes. */
export interface FaultyServer {
  readonly kind: ServerKind;
  /** How a statement ends that the server ended at its deadline. */
  readonly endedAtDeadline: RegExp;
  /** Connection strings with the password `hunter2` that lead nowhere, and what is said. */
  unusable(port: number): readonly (readonly [connectionString: string, reason: RegExp])[];
  /**
   * Makes the database refuse writes of those who connect with these settings, until the returned function is called.
   */
  refuseWrites(
    suite: FaultySuite,
  ): Promise<{ readonly settings: Readonly<Record<string, string>>; readonly over: () => Promise<unknown> }>;
  /**
   * Gives the database, or its server, every preset that could change what is stored, until the returned function is
   * called.
   */
  preset(suite: FaultySuite): Promise<() => Promise<unknown>>;
  /** How it shows 2026-03-08 07:30:00.120. */
  readonly timeText: string;
}

/** The suite's databases, with what every test of it needs. */
export interface FaultySuite extends DatabaseSuite<ServerDatabases> {
  readonly valueOf: (database: Database, id: UserId) => Promise<string | undefined>;
  /** The ids that `waiting` of the kind gives. */
  readonly waiting: () => Promise<{ id: number }[]>;
  /** Runs work while a session of the test's own holds what a statement takes. */
  readonly whileHolding: (sql: string, work: (holder: Holder) => Promise<void>) => Promise<void>;
}

/** Every trouble that a database server can be in, whichever it is; `more` adds tests that only one kind has. */
export function describeFaults(server: FaultyServer, more: (suite: FaultySuite) => void): void {
  const { kind } = server;

  describeIf(kind.here, kind.reason, `a ${kind.name} server in trouble`, () => {
    const suite = faultySuite(kind);
    const { open, valueOf, waiting, whileHolding } = suite;

    test('a restart between two reads is not noticed: the dead connections are replaced', async () => {
      const database = await open();
      const id = newId();
      await put(database, id, 'v');
      // More than one, so that the second try could meet another dead one.
      await Promise.all(Array.from({ length: 8 }, () => valueOf(database, id)));
      await suite.databases.server.restart();
      expect(await valueOf(database, id)).toBe('v');
    });

    test('connections that the server ended while they were idle are not noticed', async () => {
      const database = await open();
      const id = newId();
      await put(database, id, 'v');
      for (let round = 0; round < 10; round += 1) {
        await Promise.all(Array.from({ length: 8 }, () => valueOf(database, id)));
        await suite.place.sql(kind.endOthers);
        expect(await valueOf(database, id)).toBe('v');
      }
    });

    test('while the server is down everything is 503, and it recovers without a restart of ours', async () => {
      const database = await open();
      const id = newId();
      await put(database, id, 'v');
      await suite.databases.server.crash();
      await expect(valueOf(database, id)).rejects.toThrow(DatabaseUnavailable);
      await expect(put(database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
      await expect(database.ping()).rejects.toThrow(DatabaseUnavailable);
      await suite.databases.server.launch();
      await until(async () => (await valueOf(database, id).catch(() => undefined)) === 'v', 'the value is read again');
    });

    test('connections that are killed in the middle of writes undo nothing that was acknowledged', async () => {
      const database = await open();
      const id = newId();
      await put(database, id, '0');
      // What may stand there: the last acknowledged value, and whatever was refused since, which may be done all the
      // same.
      const possible = new Set(['0']);
      const stop = new AbortController();
      const killer = (async () => {
        while (!stop.signal.aborted) {
          await suite.place.sql(kind.endOthers);
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
        // Longer where, by chance, no write has met its end yet.
        const oneSided = (): boolean => count.refusedWrites === 0 || count.reads === 0;
        for (let n = 1; n <= 300 || (oneSided() && n <= 3000); n += 1) {
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
      await suite.databases.server.freeze();
      try {
        const started = Date.now();
        const stuck = [valueOf(database, id), database.ping(), database.lock((manager) => manager.query('SELECT 1'))];
        for (const one of await Promise.allSettled(stuck)) {
          expect(one).toMatchObject({ status: 'rejected', reason: expect.any(DatabaseUnavailable) as unknown });
        }
        // Far from the one second that it is, and from the defaults that a pool without these settings would wait for.
        expect(Date.now() - started).toBeLessThan(5000);
      } finally {
        await suite.databases.server.thaw();
      }
      await until(async () => (await valueOf(database, id).catch(() => undefined)) === 'v', 'the pool has recovered');
    });

    test('a server that no longer answers does not hold up a shutdown', async () => {
      const database = await open({ statementTimeoutSeconds: '1', acquireTimeoutSeconds: '1' });
      await Promise.all(Array.from({ length: 8 }, () => valueOf(database, newId())));
      await suite.databases.server.freeze();
      try {
        const started = Date.now();
        await suite.opened.at(-1)?.close();
        // Far from the two seconds that it can be, and from the quarter of an hour that TCP would take.
        expect(Date.now() - started).toBeLessThan(5000);
      } finally {
        await suite.databases.server.thaw();
      }
    });

    test('a statement that is stuck on the server is ended at its deadline, by the server', async () => {
      const database = await open({ statementTimeoutSeconds: '1' });
      const id = newId();
      await put(database, id, 'v');
      await whileHolding(kind.lockMembers, async () => {
        const started = Date.now();
        const read = valueOf(database, id);
        await expect(read).rejects.toThrow(DatabaseUnavailable);
        await expect(read).rejects.toThrow(server.endedAtDeadline);
        await expect(put(database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
        expect(Date.now() - started).toBeLessThan(5000);
        // Neither waits on, to overwrite what may be stored later.
        expect(await waiting()).toEqual([]);
      });
      expect(await valueOf(database, id)).toBe('v');
    });

    test('a pool that is used up answers within the acquire timeout, then goes on', async () => {
      const small = changed(kind, suite.place.settings, (url) => {
        url.searchParams.set(kind.poolSize, '2');
      });
      const database = await open({ ...small, acquireTimeoutSeconds: '1', statementTimeoutSeconds: '60' });
      const [one, two, three] = [newId(), newId(), newId()];
      let stuck: Promise<void>[] = [];
      await whileHolding(kind.lockMembers, async () => {
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

    test('a database that takes no writes still answers reads, and takes them again without a restart of ours', async () => {
      const id = newId();
      await put(await open(), id, 'v');
      const { settings, over } = await server.refuseWrites(suite);
      try {
        const database = await open(settings);
        await expect(put(database, id, 'w')).rejects.toThrow(DatabaseReadOnly);
        const touch = database.write(({ userKeys }) => userKeys.touch([id], { at: new Date(), resolution: 0 }));
        await expect(touch).rejects.toThrow(DatabaseReadOnly);
        expect(await valueOf(database, id)).toBe('v');
        await over();
        const stored = (): Promise<boolean> =>
          put(database, id, 'w').then(
            () => true,
            () => false,
          );
        await until(stored, 'writes are taken again');
        expect(await valueOf(database, id)).toBe('w');
      } finally {
        await over();
      }
    });

    test('the victim of a deadlock is sent again', async () => {
      await open();
      await open();
      const [one, two] = [newId(), newId()];
      const replicas = suite.opened.map(({ database, source }) => ({ database, source }));
      for (const id of [one, two]) await put(replicas[0]?.database ?? (await open()), id, '0');
      let tries = 0;
      let holding = 0;
      const work = ({ database, source }: Pick<OpenDatabase, 'database' | 'source'>, ids: UserId[]): Promise<void> =>
        database.write(async () => {
          tries += 1;
          await source.transaction(async (manager) => {
            for (const id of ids) {
              await manager.update(UserKey, { id }, { value: 'x' });
              holding += 1;
              // Neither asks for the other's row before both hold their own; from then on it no longer waits.
              await until(() => holding >= replicas.length, 'both hold a row', 5_000);
            }
          });
        });
      await Promise.all(replicas.map((replica, index) => work(replica, index === 0 ? [one, two] : [two, one])));
      expect(tries).toBeGreaterThan(2);
    });

    test('what is wrong with a connection is told without giving up, and without the password', async () => {
      const { provider = '' } = suite.place.settings;
      for (const [connectionString, reason] of server.unusable(suite.databases.server.port)) {
        const one = await buildDatabase({ provider, [kind.stringSetting]: connectionString });
        suite.opened.push(one);
        const failure: unknown = await one.database.connect().catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(DatabaseUnavailable);
        expect(String(failure)).toMatch(reason);
        expect(String(failure)).not.toContain('hunter2');
      }
    });

    test('connect may be called again after a failure, and then works', async () => {
      await suite.databases.server.crash();
      const one = await buildDatabase(suite.place.settings);
      suite.opened.push(one);
      await expect(one.database.connect()).rejects.toThrow(DatabaseUnavailable);
      await suite.databases.server.launch();
      await one.database.connect();
      await one.database.ping();
    });

    test('a migrator that dies half way keeps nothing from the next one, which finishes the work', async () => {
      await suite.place.loadClassic();
      await whileHolding(kind.lockMembersForReads, async (holder) => {
        // It has made DataKeys by now, and waits for UserKeys with the migration lock in its hands.
        const first = open().catch((error: unknown) => error);
        await until(async () => (await waiting()).length === 1, 'the first migrator waits');
        const second = open();
        await until(async () => (await waiting()).length === 2, 'the second migrator waits');
        const victims = await suite.place.sql<{ id: number }>(kind.waitingForTable);
        expect(victims).toHaveLength(1);
        await suite.place.sql(kind.end(victims[0]?.id ?? 0));
        expect(await first).toBeInstanceOf(DatabaseUnavailable);
        await holder.end();
        await (await second).ping();
      });
      expect(await suite.place.sql('SELECT "name" FROM "KeyConnectorMigrations"')).toHaveLength(3);
    });

    test('whatever the server presets, what is stored is committed, exact and in UTC', async () => {
      const undo = await server.preset(suite);
      try {
        const database = await open();
        const now = new Date('2026-03-08T07:30:00.120Z');
        const [stored, inserted] = [newId(), newId()];
        const value = String.raw`a\'b"ü🔑`;
        await put(database, stored, value, now);
        await insert(database, { id: inserted, value: 'v', dataKeyId: null }, now);
        await database.write(({ userKeys }) => userKeys.touch([stored], { at: now, resolution: 0 }));
        await database.lock((manager) => manager.insert(UserKey, { id: newId(), value: 'v', creationDate: now }));
        const rows = await suite.place.sql(
          `SELECT "Key" AS k, ${timeOf(suite.place, 'CreationDate')} AS c, ${timeOf(suite.place, 'LastAccessDate')} AS l
           FROM "UserKeys" ORDER BY "Key"`,
        );
        expect(rows).toEqual([
          { k: value, c: server.timeText, l: server.timeText },
          { k: 'v', c: server.timeText, l: null },
          { k: 'v', c: server.timeText, l: null },
        ]);
        const found = await database.lock((manager) => manager.find(UserKey));
        expect(found.map(({ creationDate }) => creationDate)).toEqual([now, now, now]);
        expect(await database.read(({ userKeys }) => userKeys.find([inserted]))).toHaveLength(1);
      } finally {
        await undo();
      }
    });

    more(suite);
  });
}

const timeOf = (place: TestDatabase, column: string): string => place.text(`"${column}"`);

function faultySuite(kind: ServerKind): FaultySuite {
  const suite = useDatabases(kind.start);
  const whileHolding: FaultySuite['whileHolding'] = async (sql, work) => {
    const holder = await kind.hold(suite.place.settings[kind.stringSetting] ?? '', sql);
    try {
      await work(holder);
    } finally {
      await holder.end();
    }
  };
  // Its getters give what belongs to the test that runs: inherited, not copied.
  return Object.assign(Object.create(suite) as typeof suite, {
    valueOf: async (database: Database, id: UserId) =>
      (await database.read(({ userKeys }) => userKeys.find([id])))[0]?.value,
    waiting: () => suite.place.sql<{ id: number }>(kind.waiting),
    whileHolding,
  });
}
