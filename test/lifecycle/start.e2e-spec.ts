import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { makeKeyCertificate } from '../lab/files/certificate.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { testIf } from '../lab/skip/skip.js';
import { freePort } from '../lab/network/free-port.js';
import { startIssuer } from '../lab/issuer/issuer.server.js';
import { ownsPostgres, type PostgresServer, startPostgres } from '../lab/databases/postgres.server.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { until } from '../lab/processes/until.js';

describe('the start of the service', () => {
  let postgres: PostgresServer;
  let deployment: Deployment;
  let service: ServiceProcess | undefined;
  const [userId, key] = [randomUUID(), randomBytes(32).toString('base64')];

  beforeAll(async () => {
    postgres = await startPostgres();
    deployment = await startDeployment({ database: postgres });
    expect((await deployment.call('POST', userId, key)).status).toBe(200);
  });
  afterEach(async () => {
    await service?.kill();
    service = undefined;
  });
  afterAll(async () => {
    await deployment.stop();
    await postgres.stop();
  });

  /** Starts a second service on the same database with other settings, and expects it to end with a reason. */
  const expectRefusal = async (settings: Record<string, string>): Promise<string> => {
    const before = await dump();
    service = await startService({ settings: { ...deployment.settings, ...settings }, waitFor: 'started' });
    expect(await service.exited).toBe(1);
    expect(await dump()).toEqual(before);
    return service.output;
  };
  const dump = async (): Promise<unknown> => [
    await postgres.query('SELECT * FROM "UserKeys" ORDER BY "Id"'),
    await postgres.query('SELECT * FROM "DataKeys" ORDER BY "Id"'),
    await postgres.query('SELECT * FROM "DataKeyWrappings"'),
  ];

  test('one line says address, database, key provider and versions when it is ready', async () => {
    await until(() => deployment.service.logs.some((line) => line['msg'] === 'ready'), 'the line is there');
    const lines = deployment.service.logs.filter((line) => line['level'] === 'info' && line['context'] === undefined);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      address: expect.stringContaining(String(deployment.port)),
      database: expect.stringContaining(`127.0.0.1:${postgres.port}`),
      keyEncryptionKey: expect.stringContaining('sha256:'),
      version: expect.stringMatching(/^\d/),
      node: process.version,
    });
  });

  test('every problem of the settings is said at once, on standard error, without a value', async () => {
    const output = await expectRefusal({
      database__provider: 'oracle-of-delphi',
      http__port: 'seventy',
      certificate__filesystmPath: '/secret/place',
    });
    expect(output).toContain('keyConnectorSettings__database__provider');
    expect(output).toContain('keyConnectorSettings__http__port');
    expect(output).toContain('filesystemPath');
    expect(output).not.toMatch(/delphi|seventy|secret\/place/);
  });

  test('a password in a URL that could end in two places ends the start, before its tail is looked up or logged', async () => {
    const output = await expectRefusal({
      database__postgreSqlConnectionString: 'postgres://kc:Hunter2@Secret!x@127.0.0.1:5432/keys',
    });
    expect(output).toContain('database__postgreSqlConnectionString: the URL holds a character that must be escaped');
    expect(output).toContain('@ as %40');
    expect(output).not.toMatch(/Hunter2|Secret/);
  });

  test('a wrong certificate password ends the start, and says so', async () => {
    const output = await expectRefusal({ certificate__filesystemPassword: 'not-the-password' });
    expect(output).toMatch(/password/i);
    expect(output).not.toContain('not-the-password');
  });

  test('a data key wrapped under another RSA key ends the start, and changes nothing', async () => {
    const other = await makeKeyCertificate(await mkdtemp(join(deployment.folder, 'other-')));
    const output = await expectRefusal({
      certificate__filesystemPath: other.path,
      certificate__filesystemPassword: other.password,
    });
    expect(output).toContain('sha256:');
  });

  test('a damaged wrapped data key ends the start, and changes nothing', async () => {
    const [row] = await postgres.query<{ WrappedKey: string }>(
      'SELECT "WrappedKey" FROM "DataKeyWrappings" WHERE "DataKeyId" = 1',
    );
    const wrapped = row?.WrappedKey ?? '';
    await postgres.query('UPDATE "DataKeyWrappings" SET "WrappedKey" = $1 WHERE "DataKeyId" = 1', [
      `AAAA${wrapped.slice(4)}`,
    ]);
    try {
      expect(await expectRefusal({})).toMatch(/data key/i);
    } finally {
      await postgres.query('UPDATE "DataKeyWrappings" SET "WrappedKey" = $1 WHERE "DataKeyId" = 1', [wrapped]);
    }
  });

  test('no data key is made while stored keys exist that none can open', async () => {
    const fresh = await startPostgres();
    let first: Deployment | undefined;
    try {
      first = await startDeployment({ database: fresh });
      await first.call('POST', randomUUID(), key);
      await first.service.kill();
      await fresh.query('UPDATE "UserKeys" SET "DataKeyId" = NULL');
      await fresh.query('DELETE FROM "DataKeyWrappings"');
      await fresh.query('DELETE FROM "DataKeys"');
      await fresh.query('DELETE FROM "RingManifests"');
      service = await startService({ settings: first.settings, waitFor: 'started' });
      expect(await service.exited).toBe(1);
      expect(service.output).toMatch(/stored keys|user keys|rows/i);
      expect(await fresh.query('SELECT * FROM "DataKeys"')).toEqual([]);
    } finally {
      await first?.stop();
      await fresh.stop();
    }
  });

  test('a port that is taken ends the start, and names it', async () => {
    const output = await expectRefusal({ http__port: String(deployment.port) });
    expect(output).toContain(String(deployment.port));
  });

  const notOurs = 'TEST_POSTGRES_URL names a server that must not be harmed';
  testIf(
    ownsPostgres,
    notOurs,
    'a database that is away makes it wait, live but not ready, and answer 503; then it turns ready by itself',
    async () => {
      await postgres.kill('SIGKILL');
      try {
        service = await startService({
          settings: { ...deployment.settings, http__port: String(await freePort()) },
          waitFor: 'live',
        });
        expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
        const ready = await fetch(`${service.url}/health/ready`);
        expect([ready.status, await ready.json()]).toMatchObject([503, { details: { database: { status: 'down' } } }]);
        const health = await fetch(`${service.url}/health`);
        expect([health.status, await health.text()]).toEqual([503, 'Unhealthy']);
        const get = await fetch(`${service.url}/user-keys`, {
          headers: { authorization: `Bearer ${deployment.token(userId)}` },
        });
        expect([get.status, get.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
      } finally {
        await postgres.restart();
      }
      const { url } = service;
      await until(async () => (await fetch(`${url}/health`)).status === 200, 'the service is ready');
      const read = await fetch(`${url}/user-keys`, {
        headers: { authorization: `Bearer ${deployment.token(userId)}` },
      });
      expect(await read.json()).toEqual({ key });
    },
  );

  test('an identity server that is away makes it wait, not ready, and never reads as a bad token', async () => {
    const port = await freePort();
    service = await startService({
      settings: {
        ...deployment.settings,
        http__port: String(await freePort()),
        identityServerUri: `http://127.0.0.1:${port}`,
      },
      waitFor: 'live',
    });
    const { url, logs } = service;
    const issuer = await startIssuer({ key: deployment.issuer.key });
    await issuer.stop();
    const headers = { authorization: `Bearer ${issuer.token({ claims: { sub: userId } })}` };
    await until(async () => {
      const { error } = (await (await fetch(`${url}/health/ready`)).json()) as { error: object };
      return Object.keys(error).join() === 'issuer';
    }, 'nothing but the signing keys is missing');
    const away = await fetch(`${url}/user-keys`, { headers });
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    await until(() => logs.some(({ msg, status }) => msg === 'request' && status === 503), 'the request is logged');
    expect(logs.map(({ msg }) => msg)).not.toContain('ready');

    const back = await startIssuer({ port, key: deployment.issuer.key });
    try {
      await until(async () => (await fetch(`${url}/health/ready`)).status === 200, 'the service is ready');
      expect(await (await fetch(`${url}/user-keys`, { headers })).json()).toEqual({ key });
      await until(() => logs.some(({ msg }) => msg === 'ready'), 'the line ready is there');
    } finally {
      await back.stop();
    }
  });

  test('HTTPS with a certificate file that cannot be read ends the start, and names file and setting', async () => {
    const tlsKeyPath = join(deployment.folder, 'tls.key');
    await writeFile(tlsKeyPath, '');
    const output = await expectRefusal({
      http__tlsCertificatePath: join(deployment.folder, 'nowhere.crt'),
      http__tlsKeyPath: tlsKeyPath,
    });
    expect(output).toContain('http__tlsCertificatePath');
    expect(output).toContain('nowhere.crt');
  });
});
