import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Container, giveTo } from '../lab/containers/container.js';
import { containers, lockStore, repository } from '../lab/containers/engine.js';
import { buildImage, compressedSize, configOf, withFilesOf } from '../lab/containers/image.js';
import { startPostgres } from '../lab/databases/postgres.server.js';
import { makeKeyCertificate, tlsCertificate } from '../lab/files/certificate.js';
import { tempFolder } from '../lab/files/temp-folder.js';
import { startIssuer } from '../lab/issuer/issuer.server.js';
import { close, listen } from '../lab/network/listen.js';
import { throwawayKey } from '../lab/pkcs11/rsa-key.js';
import { SoftHsm, softHsm } from '../lab/pkcs11/soft-hsm.js';
import type { Child } from '../lab/processes/child-process.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import type { LogLine } from '../lab/service/log-reader.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf, testIf } from '../lab/skip/skip.js';
import { storedMember, wiki } from '../real-client/support/cast.js';
import { describeJourneys, typeScript } from '../real-client/support/journey.js';
import { singleSignOn } from '../real-client/support/sign-in.js';
import { listLogins } from '../real-client/support/vault.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as {
  pfxPassword: string;
  users: Record<string, { key: string }>;
};
/** Where existing containers have their files. */
const inside = '/etc/bitwarden/key-connector';

const compressedMegabytes = 75;
/** With reserve for a machine that is busy with other tests; docs/docker.md has what was measured on a quiet one. */
const startSeconds = 8;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** When the service said that it is ready, in milliseconds since 1970. */
async function readyAt({ logs }: ServiceProcess): Promise<number> {
  const line = (): LogLine | undefined => logs.find(({ msg }) => msg === 'ready');
  await until(() => line() !== undefined, 'the service says that it is ready');
  return Date.parse(String(line()?.['time']));
}

describeIf(containers.installed, containers.reason, 'the container image', () => {
  let image: string;
  let store: Child;
  beforeAll(async () => {
    store = await lockStore();
    image = await buildImage();
  }, 600_000);
  afterAll(() => store.kill());

  test(`is at most ${compressedMegabytes} MB compressed`, async () => {
    const megabytes = (await compressedSize(image)) / 1e6;
    print(`The image has ${megabytes.toFixed(1)} MB, compressed.`);
    expect(megabytes).toBeLessThanOrEqual(compressedMegabytes);
  });

  test('starts without a shell, as a user who has a number, on the port of existing containers', async () => {
    const { User, Entrypoint, ExposedPorts } = await configOf(image);
    expect(User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(Entrypoint[0]).toBe('/usr/local/bin/node');
    expect(Object.keys(ExposedPorts)).toEqual(['5000/tcp']);
  });

  test('holds two programs, no sources, and nothing but /tmp that anybody but root may change', async () => {
    await withFilesOf(image, (root) => {
      const entries = readdirSync(root, { recursive: true, withFileTypes: true });
      const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(root.length));
      const programs = paths.filter((path) => /\/s?bin\/|^\/s?bin$/.test(path));
      expect(programs.sort()).toEqual(['/usr/local/bin/key-connector', '/usr/local/bin/node']);
      expect(paths.filter((path) => /\.(ts|map|c|cc|cpp|h|spec\.js)$|\/testing\//.test(path))).toEqual([]);
      const open = paths.filter((path) => {
        const info = lstatSync(join(root, path));
        return !info.isSymbolicLink() && (info.uid !== 0 || (info.mode & 0o022) !== 0);
      });
      expect(open).toEqual(['/tmp']);
    });
  });

  test('has the licences of what it ships, and tells scanners what that is', async () => {
    await withFilesOf(image, (root) => {
      for (const path of ['opt/key-connector/LICENSE', 'opt/key-connector/node_modules/fastify/LICENSE']) {
        expect(readFileSync(join(root, path), 'utf8').length).toBeGreaterThan(500);
      }
      expect(readdirSync(join(root, 'usr/share/doc')).sort()).toEqual(['libc6', 'libgcc-s1', 'libstdc++6', 'node']);
      expect(readdirSync(join(root, 'var/lib/dpkg/status.d'))).toEqual(['libc6', 'libgcc-s1', 'libstdc++6']);
      const manifest: unknown = JSON.parse(
        readFileSync(join(root, 'opt/key-connector/node_modules/fastify/package.json'), 'utf8'),
      );
      expect(manifest).toMatchObject({ name: 'fastify', version: expect.stringMatching(/^\d/) });
    });
  });

  // OpenShift gives each project a user of its own, who is in no list of users, and the group root.
  describe.each([
    ['its own user', undefined],
    ['a user that it does not know', '1000650000:0'],
  ])('read-only and without capabilities, as %s', (_, user) => {
    let container: Container;
    let deployment: Deployment;
    const [member, key] = [randomUUID(), randomBytes(32).toString('base64')];
    beforeAll(async () => {
      container = new Container(image, user === undefined ? {} : { user });
      deployment = await startDeployment({
        launch: container.launch,
        env: { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
      });
    });
    afterAll(() => deployment.stop());

    test('stores a member’s key and serves it', async () => {
      expect((await deployment.call('POST', member, key)).status).toBe(200);
      expect(await (await deployment.call('GET', member)).json()).toEqual({ key });
    });

    test('is healthy by its own health check', async () => {
      const { code, stdout } = await container.exec('key-connector', 'health', '--ready');
      expect([code, stdout]).toEqual([0, expect.stringContaining('database: up')]);
    });

    test('ends cleanly on SIGTERM, and starts again on the same database', async () => {
      expect(await deployment.service.terminate()).toBe(0);
      const again = new Container(image, user === undefined ? {} : { user });
      const begun = performance.now();
      const service = await startService({ settings: deployment.settings, launch: again.launch, pollMs: 5 });
      try {
        const fromRun = (performance.now() - begun) / 1000;
        const fromStart = ((await readyAt(service)) - (await again.startedAt())) / 1000;
        print(
          `From the start of the container to ready: ${fromStart.toFixed(2)} s, of podman run: ${fromRun.toFixed(2)} s.`,
        );
        expect(fromStart).toBeLessThan(startSeconds);
        const answer = await fetch(`${service.url}/user-keys`, {
          headers: { authorization: `Bearer ${deployment.token(member)}` },
        });
        expect(await answer.json()).toEqual({ key });
      } finally {
        expect(await service.terminate()).toBe(0);
      }
    });

    if (user === undefined) {
      test('runs code that was compiled when the image was made', () => {
        expect(deployment.service.output).toMatch(/reading cache from \/opt\/key-connector\/compiled\/.*success/);
      });
    }
  });

  test('takes the place of an existing container: its env file, its folder, its authorities', async () => {
    const folder = await tempFolder('existing');
    const { caPem, certificatePem, keyPem } = tlsCertificate();
    await mkdir(join(folder.path, 'ca-certificates'));
    await mkdir(join(folder.path, 'key-connector'));
    await writeFile(join(folder.path, 'ca-certificates/company.crt'), caPem);
    await copyFile(join(fixtures, 'bwkc-aes.pfx'), join(folder.path, 'key-connector/bwkc.pfx'));
    await copyFile(join(fixtures, 'classic.sqlite'), join(folder.path, 'key-connector/classic.sqlite'));
    giveTo('65532', folder.path);
    const issuer = await startIssuer();
    let uri = '';
    const identity = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
      const { jwks, discovery } = issuer;
      response.end(
        JSON.stringify(request.url === '/jwks' ? { keys: jwks } : { ...discovery, jwks_uri: `${uri}/jwks` }),
      );
    });
    uri = `https://localhost:${await listen(identity)}`;
    const deployment = await startDeployment({
      database: { settings: { provider: 'sqlite', sqliteConnectionString: `Data Source=${inside}/classic.sqlite` } },
      settings: {
        identityServerUri: uri,
        database__expect: 'existing',
        database__jsonFilePath: `${inside}/data.json`,
        rsaKey__azureKeyvaultUri: '',
        certificate__filesystemPath: `${inside}/bwkc.pfx`,
        certificate__filesystemPassword: expected.pfxPassword,
        certificate__vaultSecretMountPoint: 'secret',
      },
      launch: new Container(image, { mounts: { [folder.path]: '/etc/bitwarden' } }).launch,
    });
    try {
      for (const [member, { key }] of Object.entries(expected.users)) {
        const headers = { authorization: `Bearer ${issuer.token({ claims: { sub: member } })}` };
        expect(await (await fetch(`${deployment.url}/user-keys`, { headers })).json()).toEqual({ key });
      }
    } finally {
      await deployment.stop();
      await close(identity);
      await issuer.stop();
      await folder.remove();
    }
  });

  test('runs as docs/docker.md says, by the settings of the first deployment and secrets as files', async () => {
    const [postgres, secrets] = [await startPostgres(), await tempFolder('secrets')];
    const { path, password } = await makeKeyCertificate(secrets.path);
    await writeFile(join(secrets.path, 'certificate-password'), `${password}\n`);
    await writeFile(join(secrets.path, 'database'), `${postgres.settings['postgreSqlConnectionString'] ?? ''}\n`);
    giveTo('65532', secrets.path);
    const config = join(repository, 'config/compose/first-deployment/config.yaml');
    const mounts = { [secrets.path]: '/run/secrets', [config]: '/etc/key-connector/config.yaml' };
    // What is blank is not given: the file says it.
    const blank = { certificate__provider: '', certificate__filesystemPath: '', certificate__filesystemPassword: '' };
    const deployment = await startDeployment({
      database: { settings: {} },
      settings: { rsaKey__provider: '', ...blank },
      launch: new Container(image, { mounts }).launch,
    });
    try {
      expect(path).toBe(join(secrets.path, 'bwkc.pfx'));
      const [member, key] = [randomUUID(), randomBytes(32).toString('base64')];
      expect((await deployment.call('POST', member, key)).status).toBe(200);
      expect(await postgres.query('SELECT "Id" FROM "UserKeys"')).toEqual([{ Id: member }]);
    } finally {
      await deployment.stop();
      await postgres.stop();
      await secrets.remove();
    }
  });

  test('takes a key provider by others that is mounted', async () => {
    const there = '/opt/key-provider/key-in-memory.mjs';
    const mounts = { [join(import.meta.dirname, 'key-in-memory.mjs')]: there };
    const deployment = await startDeployment({
      settings: { rsaKey__provider: `module:${there}` },
      launch: new Container(image, { mounts }).launch,
    });
    try {
      const [member, key] = [randomUUID(), randomBytes(32).toString('base64')];
      expect((await deployment.call('POST', member, key)).status).toBe(200);
      expect(await (await deployment.call('GET', member)).json()).toEqual({ key });
    } finally {
      await deployment.stop();
    }
  });

  const libcrypto = '/usr/lib/x86_64-linux-gnu/libcrypto.so.3';
  testIf(
    softHsm.installed && existsSync(libcrypto),
    softHsm.installed ? `there is no ${libcrypto}` : softHsm.reason,
    'uses a key behind a PKCS#11 module that is mounted, with the library that the module needs',
    async () => {
      const hsm = await SoftHsm.create();
      const { serialNumber, pin, label } = await hsm.createToken('vault');
      await hsm.importKey({ serialNumber, pin, label }, { pem: throwawayKey().pem, label: 'bwkc', id: '01' });
      const library = { [hsm.library]: '/opt/pkcs11/module.so', [libcrypto]: '/opt/pkcs11/libcrypto.so.3' };
      const deployment = await startDeployment({
        settings: {
          rsaKey__provider: 'pkcs11',
          rsaKey__pkcs11LibraryPath: '/opt/pkcs11/module.so',
          rsaKey__pkcs11SlotTokenSerialNumber: serialNumber,
          rsaKey__pkcs11LoginPin: pin,
          rsaKey__pkcs11PrivateKeyLabel: 'bwkc',
          certificate__filesystemPath: '',
          certificate__filesystemPassword: '',
        },
        env: { ...hsm.environment, LD_LIBRARY_PATH: '/opt/pkcs11' },
        launch: new Container(image, { mounts: library }).launch,
      });
      try {
        const [member, key] = [randomUUID(), randomBytes(32).toString('base64')];
        expect((await deployment.call('POST', member, key)).status).toBe(200);
        expect(await (await deployment.call('GET', member)).json()).toEqual({ key });
      } finally {
        await deployment.stop();
        await hsm.remove();
      }
    },
  );

  describeJourneys(
    'a member’s own client',
    (company) => {
      test('signs in through the container and opens the vault', async () => {
        const { member } = await storedMember(company());
        company().bitwarden.state.admit(member, typeScript.featureStates);
        const signedIn = await singleSignOn(company(), member);
        expect(signedIn).toMatchObject({ complaint: '', calls: ['GET 200'] });
        expect(await listLogins(signedIn)).toEqual([wiki]);
      });
    },
    { deployment: () => Promise.resolve({ launch: new Container(image).launch }) },
  );
});
