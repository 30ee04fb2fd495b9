import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { Holder } from '../database/server-kind.js';
import type { TestDatabase, TestDatabases } from '../database/test-database.js';
import { makeKeyCertificate } from '../lab/files/certificate.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { Replica } from '../lab/service/replica.process.js';

jest.setTimeout(300_000);

const REPLICAS = 10;

/** A place at which a start is made to stand still: what the holder takes, the start needs next. */
export interface Stop {
  readonly where: string;
  hold(place: TestDatabase): Promise<Holder>;
}

/** A kind of database with what the suite needs to know of it. */
export interface FirstStartKind {
  readonly name: string;
  readonly here: boolean;
  readonly reason: string;
  start(): Promise<TestDatabases>;
  /**
   * How often ten new processes, and ten warm ones, start on an empty database, and how many starts are killed by
   * chance.
   */
  readonly rounds: { readonly processes: number; readonly warm: number; readonly kills: number };
  /** On an empty database. */
  readonly migrationStops: readonly Stop[];
  /** On one that is migrated and has no data key. */
  readonly dataKeyStops: readonly Stop[];
  /** Waits until all of these starts stand still. */
  untilStuck(place: TestDatabase, starts: readonly ServiceProcess[]): Promise<void>;
  /** Waits until the database has done away with the connections of dead processes. */
  untilAlone(place: TestDatabase): Promise<void>;
}

/** Many replicas meet an empty database, and some of them are killed. */
export function describeFirstStart(kind: FirstStartKind): void {
  describeIf(kind.here, kind.reason, `the first start on one empty database of ${kind.name}`, () => {
    let databases: TestDatabases;
    let issuer: IssuerServer;
    let folder: TempFolder;
    let place: TestDatabase;
    let common: Readonly<Record<string, string>>;
    let settings: Readonly<Record<string, string>>;
    let next: Replica;

    beforeAll(async () => {
      databases = await kind.start();
      issuer = await startIssuer();
      folder = await tempFolder('first-start');
      const certificate = await makeKeyCertificate(folder.path);
      common = {
        identityServerUri: issuer.uri,
        rsaKey__provider: 'certificate',
        certificate__provider: 'filesystem',
        certificate__filesystemPath: certificate.path,
        certificate__filesystemPassword: certificate.password,
        http__drainDelaySeconds: '0',
      };
      next = await Replica.launch();
    });
    afterAll(async () => {
      await next.end();
      await issuer.stop();
      await databases.stop();
      await folder.remove();
    });

    /** Goes on with a database that nobody has touched. */
    const empty = async (): Promise<void> => {
      place = await databases.create();
      const database = Object.entries(place.settings).map(([name, value]) => [`database__${name}`, value]);
      settings = { ...common, ...(Object.fromEntries(database) as Record<string, string>) };
    };
    beforeEach(empty);

    /** How many data keys there are; none before the tables are there. */
    const dataKeys = async (): Promise<number> =>
      (await place.tables()).includes('DataKeys')
        ? (await place.sql('SELECT "Id" FROM "DataKeys" WHERE "Id" >= 0')).length
        : 0;

    const expectOneDataKey = async (): Promise<void> => {
      expect(await place.sql('SELECT "Id" FROM "DataKeys" WHERE "Id" >= 0')).toHaveLength(1);
      expect(await place.sql('SELECT "Version" FROM "RingManifests"')).toHaveLength(1);
      expect(await place.sql('SELECT "DataKeyId" FROM "DataKeyWrappings" WHERE "DataKeyId" >= 0')).toHaveLength(1);
      expect(await place.sql('SELECT "name" FROM "KeyConnectorMigrations"')).toHaveLength(3);
    };

    /** Each replica stores a member's key at once, and another replica reads it. */
    const expectSharedKeys = async (urls: readonly string[]): Promise<void> => {
      const members = urls.map(() => ({ id: randomUUID(), key: randomBytes(32).toString('base64') }));
      const call = (method: string, index: number, { id, key }: { id: string; key?: string }): Promise<Response> =>
        fetch(`${urls[index % urls.length] ?? ''}/user-keys`, {
          method,
          headers: {
            authorization: `Bearer ${issuer.token({ claims: { sub: id } })}`,
            'content-type': 'application/json',
          },
          ...(key === undefined ? {} : { body: JSON.stringify({ key }) }),
        });
      const stored = await Promise.all(members.map((member, index) => call('POST', index, member)));
      expect(stored.map(({ status }) => status)).toEqual(members.map(() => 200));
      const read = members.map(async ({ id }, index) => (await call('GET', index + 1, { id })).json());
      expect(await Promise.all(read)).toEqual(members.map(({ key }) => ({ key })));
    };

    /** The next start finds a database that it can use. */
    const expectGoodStart = async (): Promise<void> => {
      const url = await next.start(settings);
      await expectOneDataKey();
      await expectSharedKeys([url]);
      await next.stop();
    };

    const { processes, warm, kills } = kind.rounds;

    if (processes > 0)
      test(`ten processes started at once migrate it once and make one data key, and each reads what the others stored, ${processes} times`, async () => {
        for (let round = 0; round < processes; round += 1) {
          await empty();
          const services = await Promise.all(
            Array.from({ length: REPLICAS }, () => startService({ settings, timeoutMs: 60_000 })),
          );
          try {
            await expectOneDataKey();
            await expectSharedKeys(services.map(({ url }) => url));
            expect(services.filter(({ output }) => output.includes('Database migrated'))).toHaveLength(1);
          } finally {
            await Promise.all(services.map((service) => service.kill()));
          }
        }
      });

    test(`ten warm processes, with the code loaded, that boot at once migrate it once and make one data key, ${warm} times`, async () => {
      const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => Replica.launch()));
      try {
        for (let round = 0; round < warm; round += 1) {
          await empty();
          const urls = await Promise.all(replicas.map((replica) => replica.start(settings)));
          await expectOneDataKey();
          await expectSharedKeys(urls);
          await Promise.all(replicas.map((replica) => replica.stop()));
        }
      } finally {
        await Promise.all(replicas.map((replica) => replica.end()));
      }
    });

    /** Two starts stand still at the same place, are killed there, and a third finds a database that it can use. */
    const expectNoTrace = async (stop: Stop): Promise<void> => {
      const holder = await stop.hold(place);
      try {
        const victims = await Promise.all([0, 1].map(() => startService({ settings, waitFor: 'started' })));
        try {
          await kind.untilStuck(place, victims);
        } finally {
          await Promise.all(victims.map((victim) => victim.kill()));
        }
      } finally {
        await holder.end();
      }
      await kind.untilAlone(place);
      expect(await dataKeys()).toBe(0);
      await expectGoodStart();
    };

    for (const stop of kind.migrationStops)
      test(`first starts killed ${stop.where} leave nothing to the next`, async () => {
        await expectNoTrace(stop);
      });

    for (const stop of kind.dataKeyStops)
      test(`first starts killed ${stop.where} leave nothing to the next`, async () => {
        await (await startService({ settings })).kill();
        await kind.untilAlone(place);
        for (const table of ['UserKeys', 'DataKeyWrappings', 'DataKeys', 'RingManifests'])
          await place.sql(`DELETE FROM "${table}"`);
        await expectNoTrace(stop);
      });

    test('first starts killed at any moment, before and after there is a data key, leave one data key to the next', async () => {
      const begin = performance.now();
      await (await startService({ settings })).kill();
      let wait = performance.now() - begin;

      // Closes in on the moment of the data key, whatever the machine's speed: the next kill is earlier after a late
      // one.
      const landed = { before: 0, after: 0 };
      const oneSided = (): boolean => landed.before === 0 || landed.after === 0;
      for (let round = 0; round < kills || (oneSided() && round < 30); round += 1) {
        await empty();
        const victims = await Promise.all([0, 1].map(() => startService({ settings, waitFor: 'started' })));
        await sleep(wait);
        await Promise.all(victims.map((victim) => victim.kill()));
        await kind.untilAlone(place);
        const side = (await dataKeys()) === 0 ? 'before' : 'after';
        landed[side] += 1;
        wait *= side === 'before' ? 1.05 + Math.random() * 0.1 : 0.8 + Math.random() * 0.1;
        await expectGoodStart();
      }
      expect(landed.before).toBeGreaterThan(0);
      expect(landed.after).toBeGreaterThan(0);
    });
  });
}
