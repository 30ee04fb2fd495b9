import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeKeyCertificate } from '../support/certificate.js';
import { type IssuerServer, startIssuer } from '../support/issuer.server.js';
import { type PostgresServer, startPostgres } from '../support/postgres.server.js';
import { startService } from '../support/service.process.js';
import { type TempFolder, tempFolder } from '../support/temp-folder.js';
import { Replica } from './replica.js';

const REPLICAS = 10;
const ROUNDS = 100;

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

  test('ten processes started at once make one data key, and each reads what the others stored', async () => {
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
  });

  test(`ten replicas that boot at once make one data key, ${ROUNDS} times`, async () => {
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => Replica.launch()));
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
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

  test('a first start that is killed anywhere leaves nothing that keeps the next from one data key', async () => {
    // Known to lie between the start of the process and the end of its boot, whatever the machine's speed.
    const begin = performance.now();
    await empty();
    await (await startService({ settings })).kill();
    const bootMs = performance.now() - begin;

    for (let round = 0; round < 12; round += 1) {
      await empty();
      const victims = await Promise.all([0, 1].map(() => startService({ settings, waitFor: 'started' })));
      await sleep(bootMs * 0.4 + randomInt(Math.ceil(bootMs * 0.6)));
      await Promise.all(victims.map((victim) => victim.kill()));
      const service = await startService({ settings });
      await expectOneDataKey();
      await expectSharedKeys([service.url]);
      await service.kill();
    }
  }, 120_000);
});
