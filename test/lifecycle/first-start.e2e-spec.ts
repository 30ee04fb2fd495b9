import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeKeyCertificate } from '../support/certificate.js';
import { type IssuerServer, startIssuer } from '../support/issuer.server.js';
import { type PostgresServer, startPostgres } from '../support/postgres.server.js';
import { startService } from '../support/service.process.js';
import { type TempFolder, tempFolder } from '../support/temp-folder.js';
import { Replica } from './replica.js';
import { dataKeyStops, migrationStops, untilAlone, untilStuck, whileHolding } from './stuck-start.js';

const REPLICAS = 10;
const PROCESS_ROUNDS = 3;
const WARM_ROUNDS = 100;

describe('the first start on one empty database', () => {
  let postgres: PostgresServer;
  let issuer: IssuerServer;
  let folder: TempFolder;
  let settings: Record<string, string>;
  beforeAll(async () => {
    postgres = await startPostgres({ parameters: { max_connections: '300' } });
    issuer = await startIssuer();
    folder = await tempFolder('first-start');
    const certificate = await makeKeyCertificate(folder.path);
    settings = {
      identityServerUri: issuer.uri,
      database__provider: 'postgresql',
      database__postgreSqlConnectionString: postgres.connectionString,
      rsaKey__provider: 'certificate',
      certificate__provider: 'filesystem',
      certificate__filesystemPath: certificate.path,
      certificate__filesystemPassword: certificate.password,
      http__drainDelaySeconds: '0',
    };
  });
  afterAll(async () => {
    await issuer.stop();
    await postgres.stop();
    await folder.remove();
  });

  /** Back to a database that nobody has touched. */
  const empty = (): Promise<unknown> => postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');

  /** How many data keys there are; none before the tables are there. */
  const dataKeys = async (): Promise<number> => {
    const [table] = await postgres.query<{ name: unknown }>(`SELECT to_regclass('"DataKeys"') AS name`);
    return table?.name === null ? 0 : (await postgres.query('SELECT "Id" FROM "DataKeys"')).length;
  };

  const expectOneDataKey = async (): Promise<void> => {
    expect(await postgres.query('SELECT "Id" FROM "DataKeys"')).toHaveLength(1);
    expect(await postgres.query('SELECT "DataKeyId" FROM "DataKeyWrappings"')).toHaveLength(1);
  };

  /** Each replica stores a member's key at once, and another replica reads it. */
  const expectSharedKeys = async (urls: readonly string[]): Promise<void> => {
    const members = urls.map(() => ({ id: randomUUID(), key: randomBytes(32).toString('base64') }));
    const headers = (id: string): Record<string, string> => ({
      authorization: `Bearer ${issuer.token({ claims: { sub: id } })}`,
      'content-type': 'application/json',
    });
    const stored = members.map(({ id, key }, index) =>
      fetch(`${urls[index] ?? ''}/user-keys`, { method: 'POST', headers: headers(id), body: JSON.stringify({ key }) }),
    );
    expect((await Promise.all(stored)).map(({ status }) => status)).toEqual(members.map(() => 200));
    const read = members.map(async ({ id }, index) => {
      const url = urls[(index + 1) % urls.length] ?? '';
      return (await fetch(`${url}/user-keys`, { headers: headers(id) })).json();
    });
    expect(await Promise.all(read)).toEqual(members.map(({ key }) => ({ key })));
  };

  test(`ten processes started at once make one data key, and each reads what the others stored, ${PROCESS_ROUNDS} times`, async () => {
    for (let round = 0; round < PROCESS_ROUNDS; round += 1) {
      await empty();
      const services = await Promise.all(
        Array.from({ length: REPLICAS }, () => startService({ settings, timeoutMs: 60_000 })),
      );
      try {
        await expectOneDataKey();
        await expectSharedKeys(services.map(({ url }) => url));
      } finally {
        await Promise.all(services.map((service) => service.kill()));
      }
    }
  }, 180_000);

  test(`ten warm processes, with the code loaded, that boot at once make one data key, ${WARM_ROUNDS} times`, async () => {
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => Replica.launch()));
    try {
      for (let round = 0; round < WARM_ROUNDS; round += 1) {
        await empty();
        const urls = await Promise.all(replicas.map((replica) => replica.start(settings)));
        await expectOneDataKey();
        await expectSharedKeys(urls);
        await Promise.all(replicas.map((replica) => replica.stop()));
      }
    } finally {
      await Promise.all(replicas.map((replica) => replica.end()));
    }
  }, 300_000);

  /** Two starts stand still at the same place, are killed there, and a third finds a database that it can use. */
  const expectNoTrace = async (hold: string): Promise<void> => {
    await whileHolding(postgres, hold, async () => {
      const victims = await Promise.all([0, 1].map(() => startService({ settings, waitFor: 'started' })));
      try {
        await untilStuck(postgres, victims.length);
      } finally {
        await Promise.all(victims.map((victim) => victim.kill()));
      }
    });
    await untilAlone(postgres);
    expect(await dataKeys()).toBe(0);
    const service = await startService({ settings });
    await expectOneDataKey();
    await expectSharedKeys([service.url]);
    await service.kill();
  };

  test.each(migrationStops)('first starts killed %s leave nothing to the next', async (_where, hold) => {
    await empty();
    await expectNoTrace(hold);
  });

  test.each(dataKeyStops)('first starts killed %s leave nothing to the next', async (_where, hold) => {
    await empty();
    await (await startService({ settings })).kill();
    await postgres.query('TRUNCATE "UserKeys", "DataKeyWrappings", "DataKeys"');
    await expectNoTrace(hold);
  });

  test('first starts killed at any moment, before and after there is a data key, leave one data key to the next', async () => {
    const begin = performance.now();
    await empty();
    await (await startService({ settings })).kill();
    let wait = performance.now() - begin;

    // Closes in on the moment of the data key, whatever the machine's speed: the next kill is earlier after a late one.
    const landed = { before: 0, after: 0 };
    for (let round = 0; round < 12; round += 1) {
      await empty();
      const victims = await Promise.all([0, 1].map(() => startService({ settings, waitFor: 'started' })));
      await sleep(wait);
      await Promise.all(victims.map((victim) => victim.kill()));
      await untilAlone(postgres);
      const side = (await dataKeys()) === 0 ? 'before' : 'after';
      landed[side] += 1;
      wait *= side === 'before' ? 1.05 + Math.random() * 0.1 : 0.8 + Math.random() * 0.1;
      const service = await startService({ settings });
      await expectOneDataKey();
      await expectSharedKeys([service.url]);
      await service.kill();
    }
    expect(landed.before).toBeGreaterThan(0);
    expect(landed.after).toBeGreaterThan(0);
  }, 120_000);
});
