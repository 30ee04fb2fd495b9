import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tlsCertificate } from '../lab/files/certificate.js';
import { HangingFile } from '../lab/files/hanging-file.js';
import { freePort } from '../lab/network/free-port.js';
import { statusOf } from '../lab/network/http-call.js';
import type { Outcome } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { runCli, startService } from '../lab/service/service.process.js';

describe('key-connector health', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment();
  });
  afterAll(() => deployment.stop());

  const health = (settings: Readonly<Record<string, string>> = {}, ...options: string[]): Promise<Outcome> =>
    runCli(['health', ...options], {
      ...deployment.settings,
      http__host: '127.0.0.1',
      http__port: String(deployment.port),
      ...settings,
    });

  test('exits with 0 while the service answers, and names what requests depend on', async () => {
    expect(await health()).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout } = await health({}, '--ready');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/database: up.*issuer: up/)]);
  });

  test('asks this machine where the service listens on every address, as it does unless told otherwise', async () => {
    expect(await health({ http__host: '*' })).toMatchObject({ code: 0, stderr: '' });
    const metrics = { metrics__host: '+', metrics__port: String(deployment.port) };
    expect(await health(metrics)).toMatchObject({ code: 0, stderr: '' });
  });

  test('exits with 1 where nobody answers, and says where it asked', async () => {
    const port = String(await freePort());
    const { code, stdout } = await health({ http__port: port });
    expect([code, stdout]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}`)]);
  });

  test('reads no secret: one that comes through a pipe can be read once, and the service has read it', async () => {
    const { path } = await HangingFile.create(deployment.folder, join(deployment.folder, 'bwkc.pfx'));
    const pipe = { certificate__filesystemPassword: '', certificate__filesystemPassword_FILE: path };
    expect(await health({ ...pipe, http__host: '0.0.0.0' })).toMatchObject({ code: 0 });
  });

  test('asks over TLS where the service speaks it, and on the metrics port where there is one', async () => {
    const tls = tlsCertificate();
    const [tlsCertificatePath, tlsKeyPath] = ['tls.crt', 'tls.key'].map((name) => join(deployment.folder, name));
    await writeFile(tlsCertificatePath ?? '', tls.certificatePem);
    await writeFile(tlsKeyPath ?? '', tls.keyPem);
    const [members, inside] = [String(await freePort()), String(await freePort())];
    const settings = {
      ...deployment.settings,
      http__port: members,
      http__tlsCertificatePath: tlsCertificatePath ?? '',
      http__tlsKeyPath: tlsKeyPath ?? '',
      // Nobody is there: ready it is not, alive it is.
      identityServerUri: `http://127.0.0.1:${await freePort()}`,
    };
    const service = await startService({ settings: { ...settings, metrics__port: inside }, waitFor: 'started' });
    try {
      const url = `http://127.0.0.1:${inside}/health/live`;
      await service.process.until(async () => (await statusOf(url)) === 200, 'the service is alive');
      expect((await health(settings)).stdout).toContain(`https://127.0.0.1:${members}`);
      expect((await health({ ...settings, metrics__port: inside })).stdout).toContain(`http://127.0.0.1:${inside}`);
      const { code, stdout } = await health(settings, '--ready');
      expect([code, stdout]).toEqual([1, expect.stringContaining('issuer: down')]);
    } finally {
      await service.terminate();
    }
  });
});
