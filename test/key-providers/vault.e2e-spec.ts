import { randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { type TlsCertificate, tlsCertificate } from '../lab/files/certificate.js';
import { run } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { freePort } from '../lab/network/free-port.js';
import { OpenBaoServer, openbao } from '../lab/clouds/vault/openbao.server.js';
import { startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { until } from '../lab/processes/until.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(await readFile(join(fixtures, 'expected.json'), 'utf8')) as {
  pfxPassword: string;
  users: Record<string, { key: string }>;
};

/** Settings of a copy of the classic deployment's database. */
async function classicDatabase(folder: string): Promise<Record<string, string>> {
  const file = join(folder, 'classic.sqlite');
  await copyFile(join(fixtures, 'classic.sqlite'), file);
  return { database__provider: 'sqlite', database__sqliteConnectionString: `Data Source=${file}` };
}

async function expectEveryKey(deployment: Deployment): Promise<void> {
  for (const [userId, { key }] of Object.entries(expected.users))
    await expect((await deployment.call('GET', userId)).json()).resolves.toEqual({ key });
}

describeIf(openbao.installed, openbao.reason, 'the service with Vault', () => {
  let bao: OpenBaoServer;
  let folder: TempFolder;
  let tls: TlsCertificate;
  const policy = { 'transit/keys/kc': ['read'], 'transit/decrypt/kc': ['update'] };

  beforeAll(async () => {
    folder = await tempFolder('vault');
    tls = tlsCertificate();
    await writeFile(join(folder.path, 'ca.crt'), tls.caPem);
    bao = await OpenBaoServer.start({ tls });
    await bao.mount('transit', 'transit');
    await bao.mount('secret', 'kv', { version: '2' });
    await bao.post('transit/keys/kc', { type: 'rsa-2048' });
    await bao.policy('key-connector', policy);
    await bao.post('sys/auth/approle', { type: 'approle' });
    await bao.post('auth/approle/role/kc', { token_policies: ['key-connector'], token_ttl: 3600 });
  });
  afterAll(async () => {
    await bao.stop();
    await folder.remove();
  });

  const overTls = (): Record<string, string> => ({ tls__extraCaPath: join(folder.path, 'ca.crt') });

  describe('and a transit key, by AppRole over TLS', () => {
    let deployment: Deployment;
    let metricsPort: number;
    const [userId, key] = [randomUUID(), randomBytes(32).toString('base64')];

    beforeAll(async () => {
      metricsPort = await freePort();
      const role = await bao.get<{ data: { role_id: string } }>('auth/approle/role/kc/role-id');
      const secret = await bao.post<{ data: { secret_id: string } }>('auth/approle/role/kc/secret-id');
      const secretFile = join(folder.path, 'secret-id');
      await writeFile(secretFile, secret.data.secret_id);
      deployment = await startDeployment({
        settings: {
          ...overTls(),
          rsaKey__provider: 'vaulttransit',
          rsaKey__vaultServerUri: bao.tlsUrl,
          rsaKey__vaultAppRoleId: role.data.role_id,
          rsaKey__vaultAppRoleSecretIdPath: secretFile,
          rsaKey__vaultTransitKeyName: 'kc',
          keyRing__providerCheckSeconds: '1',
          metrics__port: String(metricsPort),
        },
      });
      expect((await deployment.call('POST', userId, key)).status).toBe(200);
    });
    afterAll(() => deployment.stop());

    const read = async (url: string): Promise<unknown> =>
      (await fetch(`${url}/user-keys`, { headers: { authorization: `Bearer ${deployment.token(userId)}` } })).json();

    /** Starts the same service once more. */
    const another = async (waitFor: 'ready' | 'live' | 'started' = 'ready'): ReturnType<typeof startService> =>
      startService({ settings: await anothersSettings(), waitFor });
    const anothersSettings = async (): Promise<Record<string, string>> => ({
      ...deployment.settings,
      http__port: String(await freePort()),
      metrics__port: '',
    });

    test('is served by Vault on plain HTTP where the settings allow it, and each start warns', async () => {
      // Every address of this machine, and no loopback by its spelling.
      const plain = { rsaKey__vaultServerUri: bao.url.replace('127.0.0.1', '0.0.0.0') };
      const start = async (settings: Record<string, string>): ReturnType<typeof startService> =>
        startService({ settings: { ...(await anothersSettings()), ...plain, ...settings }, waitFor: 'started' });
      const refused = await start({});
      expect(await refused.exited).toBe(1);
      expect(refused.output).toContain('rsaKey__vaultAllowPlainHttp: true takes it inside a cluster');
      const allowed = await start({ rsaKey__vaultAllowPlainHttp: 'true' });
      try {
        await until(() => allowed.logs.some(({ msg }) => msg === 'ready'), 'the service is ready');
        expect(allowed.logs.filter(({ msg }) => String(msg).startsWith('rsaKey__vaultAllowPlainHttp'))).toHaveLength(1);
        expect(await read(allowed.url)).toEqual({ key });
      } finally {
        await allowed.kill();
      }
    });

    /** Waits until the background check says that the provider opens a data key (1), or does not (0). */
    const providerIs = (up: 0 | 1): Promise<void> =>
      until(
        async () =>
          (await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).includes(
            `\nkey_connector_key_provider_up ${up}\n`,
          ),
        `key_connector_key_provider_up is ${up}`,
      );

    const dataKeys = (): unknown[] => {
      const database = new SqliteDatabase(join(deployment.folder, 'key-connector.db'), { readonly: true });
      const rows = database.prepare('SELECT * FROM "DataKeyWrappings"').all();
      database.close();
      return rows;
    };

    test('stores a key and serves it, and the wrapping names the version', async () => {
      expect(await read(deployment.url)).toEqual({ key });
      const wrapping = { KeyReference: 'vault-transit:transit/keys/kc/versions/1', Algorithm: 'RSA-OAEP-256' };
      expect(dataKeys()).toMatchObject([wrapping, wrapping]);
    });

    test('goes on with its version after a rotation at the server', async () => {
      await bao.post('transit/keys/kc/rotate');
      const service = await another();
      expect(await read(service.url)).toEqual({ key });
      await service.terminate();
      expect(dataKeys()).toHaveLength(2);
    });

    test('gives every answer while the server is killed and restarted, and a gauge tells', async () => {
      const end = new AbortController();
      const answers = new Set<string>();
      const load = (async () => {
        while (!end.signal.aborted) {
          answers.add(JSON.stringify(await read(deployment.url)));
          await sleep(5);
        }
      })();
      await providerIs(1);
      await bao.kill();
      await providerIs(0);
      await bao.restart();
      await providerIs(1);
      end.abort();
      await load;
      expect([...answers]).toEqual([JSON.stringify({ key })]);
    });

    test('waits for a server that is sealed, live but not ready, and turns ready by itself', async () => {
      await bao.seal();
      const service = await another('live');
      await until(
        () => service.output.includes('is sealed or down'),
        () => `it says so: ${service.output}`,
      );
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(503);
      await bao.unseal();
      await until(async () => (await fetch(`${service.url}/health`)).status === 200, 'it is ready');
      expect(await read(service.url)).toEqual({ key });
      await service.terminate();
    });

    test('waits, and says so, when it does not trust the server’s certificate', async () => {
      const settings = { ...(await anothersSettings()), tls__extraCaPath: '' };
      const service = await startService({ settings, waitFor: 'live' });
      await until(
        () => /cannot be reached: .*certificate/.test(service.output),
        () => `it says so: ${service.output}`,
      );
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(503);
      await service.terminate();
    });

    test('does not start without permission, says which, and makes no data key', async () => {
      const before = dataKeys();
      await bao.policy('key-connector', { 'transit/keys/kc': ['read'] });
      const service = await another('started');
      expect(await service.exited).toBe(1);
      await bao.policy('key-connector', policy);
      expect(service.output).toContain('transit/decrypt/kc');
      expect(dataKeys()).toEqual(before);
    });

    test('does not start with a version that must not decrypt any more, and names it', async () => {
      await bao.post('transit/keys/kc/config', { min_decryption_version: 2 });
      const service = await another('started');
      expect(await service.exited).toBe(1);
      await bao.post('transit/keys/kc/config', { min_decryption_version: 1 });
      expect(service.output).toContain('version 1 must not decrypt any more');
      expect(service.output).not.toContain(await readFile(join(folder.path, 'secret-id'), 'utf8'));
    });
  });

  test('and the certificate of a classic deployment in a KV engine serves every member the key that it has', async () => {
    const pfx = (await readFile(join(fixtures, 'bwkc-legacy.pfx'))).toString('base64');
    await bao.post('secret/data/bwkc', { data: { pfx } });
    await bao.policy('certificate', { 'secret/data/bwkc': ['read'] });
    const deployment = await startDeployment({
      settings: {
        ...overTls(),
        ...(await classicDatabase(folder.path)),
        certificate__provider: 'vault',
        certificate__vaultServerUri: bao.tlsUrl,
        certificate__vaultToken: await bao.token(['certificate']),
        certificate__vaultSecretPath: 'bwkc',
        certificate__vaultSecretDataKey: 'pfx',
        certificate__vaultSecretFilePassword: expected.pfxPassword,
      },
    });
    await expectEveryKey(deployment);
    await deployment.stop();
  });
});

describe('the service with a .NET certificate store', () => {
  test('serves every member of a classic deployment the key that it has', async () => {
    const home = await tempFolder('dotnet-home');
    const store = join(home.path, '.dotnet/corefx/cryptography/x509stores/my');
    await mkdir(store, { recursive: true });
    const file = (name: string): string => join(home.path, name);
    // As .NET imports a file: the password is gone, the algorithms are its own.
    const [from, to] = [`pass:${expected.pfxPassword}`, 'pass:'];
    await run('openssl', [
      ...['pkcs12', '-in', join(fixtures, 'bwkc-aes.pfx'), '-passin', from, '-nodes', '-out', file('all.pem')],
    ]);
    const thumbprint = new X509Certificate(await readFile(file('all.pem'))).fingerprint.replaceAll(':', '');
    await run('openssl', [
      ...['pkcs12', '-export', '-in', file('all.pem'), '-passout', to, '-out', join(store, `${thumbprint}.pfx`)],
      ...['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1', '-iter', '2000'],
    ]);
    await writeFile(join(store, 'damaged.pfx'), randomBytes(100));

    const deployment = await startDeployment({
      env: { HOME: home.path },
      settings: {
        ...(await classicDatabase(home.path)),
        certificate__provider: 'store',
        certificate__storeThumbprint: `\u200e${thumbprint.toLowerCase().replaceAll(/../g, '$& ')}`,
      },
    });
    await expectEveryKey(deployment);
    await deployment.stop();
    await home.remove();
  });
});
