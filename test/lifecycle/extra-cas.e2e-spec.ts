import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { tlsCertificate } from '../lab/files/certificate.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { until } from '../lab/processes/until.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';

type Triple = [string, string, string];

describe('an identity server with a certificate of the company’s own authority', () => {
  const { caPem, certificatePem, keyPem } = tlsCertificate();
  let deployment: Deployment;
  let server: Server;
  let uri: string;
  let service: ServiceProcess | undefined;
  beforeAll(async () => {
    deployment = await startDeployment();
    const { issuer } = deployment;
    server = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
      response.end(
        JSON.stringify(
          request.url === '/jwks' ? { keys: issuer.jwks } : { issuer: issuer.issuer, jwks_uri: `${uri}/jwks` },
        ),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    uri = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await service?.kill();
    service = undefined;
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await deployment.stop();
  });

  test('is trusted when the settings name the authority, as a file, as DER, or as a folder, of whose other files it is warned', async () => {
    const folder = join(deployment.folder, 'authorities');
    await mkdir(folder);
    const [file, der, note] = ['company.crt', 'company.der', 'README'].map((name) => join(folder, name)) as Triple;
    await writeFile(file, caPem);
    await writeFile(der, new X509Certificate(caPem).raw);
    await writeFile(note, 'authorities of the company');
    for (const extraCaPath of [file, der, folder]) {
      service = await startService({
        settings: { ...deployment.settings, identityServerUri: uri, tls__extraCaPath: extraCaPath },
      });
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
      // The warnings come before it.
      const started = service;
      await until(() => started.output.includes('"msg":"ready"'), 'its lines have arrived');
      expect(service.output.includes(`tls__extraCaPath: ${note} holds no certificate`)).toBe(extraCaPath === folder);
      await service.kill();
    }
  });

  test('is not trusted otherwise, and the log says what would make it', async () => {
    service = await startService({
      settings: { ...deployment.settings, identityServerUri: uri },
      waitFor: 'live',
    });
    const answer = await fetch(`${service.url}/user-keys`, {
      headers: { authorization: `Bearer ${deployment.token('00000000-0000-4000-8000-000000000000')}` },
    });
    expect(answer.status).toBe(503);
    const { logs } = service;
    await until(() => JSON.stringify(logs).includes('tls__extraCaPath'), 'the log names the setting');
  });

  test('is trusted once the folder holds its authority, without a restart, and a damaged file changes nothing', async () => {
    const folder = join(deployment.folder, 'changing');
    await mkdir(folder);
    // Of another name: of two authorities of one name, OpenSSL takes the one that ends later.
    await writeFile(join(folder, 'other.crt'), tlsCertificate().certificatePem);
    const settings = { identityServerUri: uri, tls__extraCaPath: folder, files__checkSeconds: '1' };
    service = await startService({ settings: { ...deployment.settings, ...settings }, waitFor: 'live' });
    const { logs, url } = service;
    const says = (what: string): boolean => JSON.stringify(logs).includes(what);
    await until(() => says('an authority of your own is made known by'), 'the issuer is not trusted');
    await writeFile(join(folder, 'company.crt'), caPem);
    await until(async () => (await fetch(`${url}/health/ready`)).status === 200, 'the service is ready', 30_000);
    await writeFile(join(folder, 'company.crt'), 'damaged');
    await until(() => says('changed files are refused'), 'the damaged file is refused');
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  });
});
