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
});
