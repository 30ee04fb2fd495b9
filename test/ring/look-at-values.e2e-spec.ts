import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { openDatabase } from '../database/open-database.js';
import { type PostgresServer, startPostgres } from '../lab/databases/postgres.server.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { until } from '../lab/processes/until.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';

/** A look at every stored value that does not end, as on millions of rows: another session holds the history. */
let postgres: PostgresServer;
let holder: pg.Client;
let deployment: Deployment;
const alice = randomUUID();
const key = randomBytes(32).toString('base64');

beforeAll(async () => {
  postgres = await startPostgres();
  deployment = await startDeployment({ database: postgres });
  expect((await deployment.call('POST', alice, key)).status).toBe(200);
  holder = new pg.Client({ connectionString: postgres.url });
  await holder.connect();
});
beforeEach(async () => {
  await holder.query('BEGIN; LOCK TABLE "UserKeyHistory" IN ACCESS EXCLUSIVE MODE');
});
afterAll(async () => {
  await holder.end();
  await deployment.stop();
  await postgres.stop();
});

/** Ready, although the look goes on. */
const replica = (): Promise<ServiceProcess> => startService({ settings: deployment.settings });
const call = (service: ServiceProcess, method: string, id: string): Promise<Response> =>
  fetch(`${service.url}/user-keys`, {
    method,
    headers: { authorization: `Bearer ${deployment.token(id)}`, 'content-type': 'application/json' },
    ...(method === 'GET' ? {} : { body: JSON.stringify({ key }) }),
  });

test('a start is ready and reads before every value was looked at, and a write waits for that', async () => {
  const service = await replica();
  await expect((await call(service, 'GET', alice)).json()).resolves.toEqual({ key });
  const bob = randomUUID();
  const stored = call(service, 'POST', bob);
  await holder.query('COMMIT');
  expect((await stored).status).toBe(200);
  await expect((await call(service, 'GET', bob)).json()).resolves.toEqual({ key });
  await service.terminate();
});

test('what that look finds ends the process, as if the start had been refused', async () => {
  await holder.query(
    `INSERT INTO "UserKeyHistory" ("UserId", "Key", "CreationDate", "ReplacedDate", "Cause")
     VALUES ('${randomUUID()}', 'kc2.7.${randomBytes(60).toString('base64url')}', now(), now(), 'replaced')`,
  );
  const service = await replica();
  await holder.query('COMMIT');
  await expect(service.exited).resolves.toBe(1);
  expect(service.logs).toContainEqual(expect.objectContaining({ level: 'fatal', code: 'RING_REFUSED' }));
});

test('it ends a process that waits for the issuer’s keys, too', async () => {
  const settings = { ...deployment.settings, identityServerUri: 'http://127.0.0.1:1' };
  const service = await startService({ settings, waitFor: 'live' });
  const health = async (): Promise<string> => (await fetch(`${service.url}/health/ready`)).text();
  await until(async () => (await health()).includes('"boot":{"status":"up"}'), 'nothing but the keys is waited for');
  expect(service.process.running).toBe(true);
  await holder.query('COMMIT');
  await expect(service.exited).resolves.toBe(1);
  expect(service.logs).toContainEqual(expect.objectContaining({ level: 'fatal', code: 'RING_REFUSED' }));
});

test('it leaves the server’s other processors to those who read for members', async () => {
  await holder.query('COMMIT');
  const opened = await openDatabase(postgres.settings);
  const asked = opened.database.snapshot((manager) => manager.query('SHOW max_parallel_workers_per_gather'));
  await expect(asked).resolves.toEqual([{ max_parallel_workers_per_gather: '0' }]);
  await opened.close();
});
