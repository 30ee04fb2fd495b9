import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { tlsCertificate } from '../lab/files/certificate.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';

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

  test('is trusted when the settings name the authority, as a file or as a folder', async () => {
    const folder = join(deployment.folder, 'authorities');
    await mkdir(folder);
    const file = join(folder, 'company.crt');
    await writeFile(file, caPem);
    for (const extraCaPath of [file, folder]) {
      service = await startService({
        settings: { ...deployment.settings, identityServerUri: uri, tls__extraCaPath: extraCaPath },
      });
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
      await service.kill();
    }
  });

  test('is not trusted otherwise', async () => {
    service = await startService({
      settings: { ...deployment.settings, identityServerUri: uri },
      waitFor: 'live',
    });
    const answer = await fetch(`${service.url}/user-keys`, {
      headers: { authorization: `Bearer ${deployment.token('00000000-0000-4000-8000-000000000000')}` },
    });
    expect(answer.status).toBe(503);
  });
});
