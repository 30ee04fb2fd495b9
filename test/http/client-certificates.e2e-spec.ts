import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TlsCertificate, tlsCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { freePort } from '../lab/network/free-port.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { runCli, startService } from '../lab/service/service.process.js';

describe('a listener that asks clients for a certificate', () => {
  const [listener, proxy] = [tlsCertificate(), tlsCertificate()];
  const [renewed, stranger] = [tlsCertificate(), tlsCertificate()];
  let folder: TempFolder;
  let deployment: Deployment;
  let metricsPort: number;
  let settings: Record<string, string>;
  const authorities = (): string => join(folder.path, 'clients.crt');

  const identity = ({ certificatePem, keyPem }: TlsCertificate): ConnectionOptions => ({
    cert: certificatePem,
    key: keyPem,
  });
  /** The status that such a client gets; `refused` where the connection is not for it. */
  const ask = async (shown: ConnectionOptions): Promise<number | 'refused'> => {
    const options = { port: settings['http__port'], path: '/alive', ca: listener.caPem, agent: false, ...shown };
    try {
      const [answer] = (await once(get({ host: 'localhost', ...options }), 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode ?? 0;
    } catch {
      return 'refused';
    }
  };

  beforeAll(async () => {
    folder = await tempFolder('client-certificates');
    metricsPort = await freePort();
    const [certificate, key] = [join(folder.path, 'tls.crt'), join(folder.path, 'tls.key')];
    await writeFile(certificate, listener.certificatePem);
    await writeFile(key, listener.keyPem);
    await writeFile(authorities(), proxy.caPem);
    settings = {
      http__port: String(await freePort()),
      http__tlsCertificatePath: certificate,
      http__tlsKeyPath: key,
      http__tlsClientCaPath: authorities(),
      metrics__port: String(metricsPort),
      files__checkSeconds: '1',
    };
    const plain = await startDeployment();
    const service = await startService({ settings: { ...plain.settings, ...settings }, waitFor: 'started' });
    deployment = { ...plain, service, stop: () => service.terminate().then(() => plain.stop()) };
    const health = `http://127.0.0.1:${metricsPort}/health/ready`;
    await until(async () => (await fetch(health).catch(() => undefined))?.status === 200, 'the service is ready');
  });
  afterAll(async () => {
    await deployment.stop();
    await folder.remove();
  });

  test('serves the proxy, and refuses who shows none or one of another authority, which the log tells once', async () => {
    expect(await ask(identity(proxy))).toBe(200);
    for (let turn = 0; turn < 5; turn += 1) {
      expect(await ask({})).toBe('refused');
      expect(await ask(identity(stranger))).toBe('refused');
    }
    const told = (): unknown[] =>
      deployment.service.logs
        .filter(({ msg }) => msg === 'a client showed no certificate that http__tlsClientCaPath signed')
        .map(({ reason }) => reason);
    await until(() => told().length >= 2, 'the log says so');
    expect(new Set(told()).size).toBe(told().length);
    expect(await ask(identity(proxy))).toBe(200);
  });

  test('answers probes on the metrics port, which show none', async () => {
    for (const path of ['live', 'ready'])
      expect((await fetch(`http://127.0.0.1:${metricsPort}/health/${path}`)).status).toBe(200);
    expect((await runCli(['health', '--ready'], settings)).code).toBe(0);
  });

  test('trusts another authority once the file holds it, and the old one no more', async () => {
    expect(await ask(identity(renewed))).toBe('refused');
    await writeFile(authorities(), renewed.caPem);
    await until(async () => (await ask(identity(renewed))) === 200, 'the new authority is trusted');
    expect(await ask(identity(proxy))).toBe('refused');
  });

  test('does not start without a port for probes', async () => {
    const blank = { ...deployment.settings, ...settings, metrics__port: '' };
    const service = await startService({ settings: blank, waitFor: 'started' });
    expect(await service.exited).toBe(1);
    expect(service.output).toContain('metrics__port');
  });
});
