import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tlsCertificate } from '../lab/files/certificate.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { collect, parseAnswers } from '../lab/network/raw-http.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { until } from '../lab/processes/until.js';

const CONNECTIONS = 300;

/** The first half of a ClientHello: a record that promises 512 bytes, and brings five of them. */
const halfHello = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3]);

describe('TLS that the service ends itself', () => {
  let deployment: Deployment;
  let service: ServiceProcess;
  const { caPem, certificatePem, keyPem } = tlsCertificate();

  /** One request over TLS, with these limits on what the client speaks; its answer, or the error of the handshake. */
  const ask = async (limits: { ciphers?: string; maxVersion?: 'TLSv1.2' } = {}): Promise<number> => {
    const socket = connectTls({ port: service.port, host: '127.0.0.1', servername: 'localhost', ca: caPem, ...limits });
    await once(socket, 'secureConnect');
    socket.write('GET /alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    return parseAnswers(await collect(socket, 5000))[0]?.status ?? 0;
  };
  const descriptors = async (): Promise<number> => (await readdir(`/proc/${service.pid}/fd`)).length;

  beforeAll(async () => {
    deployment = await startDeployment();
    const [certificate, key] = [join(deployment.folder, 'tls.crt'), join(deployment.folder, 'tls.key')];
    await writeFile(certificate, certificatePem);
    await writeFile(key, keyPem, { mode: 0o600 });
    service = await startService({
      settings: {
        ...deployment.settings,
        http__headersTimeoutSeconds: '1',
        http__tlsCertificatePath: certificate,
        http__tlsKeyPath: key,
      },
      waitFor: 'started',
    });
    await until(
      () =>
        ask().then(
          (status) => status === 200,
          () => false,
        ),
      'the service answers',
    );
  });
  afterAll(async () => {
    await service.kill();
    await deployment.stop();
  });

  test.each([
    ['nothing', undefined],
    ['half a ClientHello', halfHello],
    ['plain HTTP', Buffer.from('GET /alive HTTP/1.1\r\nHost: x\r\n\r\n')],
  ])('%s in place of a handshake leaves no descriptor behind', async (_what, bytes) => {
    const before = await descriptors();
    const open = new Set<Socket>();
    for (let index = 0; index < CONNECTIONS; index += 1) {
      const socket = connect({ port: service.port, host: '127.0.0.1', allowHalfOpen: true });
      open.add(socket);
      socket.on('error', () => undefined).resume();
      if (bytes !== undefined) socket.write(bytes);
    }
    await until(async () => (await descriptors()) >= before + CONNECTIONS / 2 || bytes !== undefined, 'they are open');
    // Longer than the service waits for a handshake: it has had its say when the clients go.
    await sleep(2500);
    for (const socket of open) socket.end().destroy();
    await until(async () => (await descriptors()) <= before + 5, 'the descriptors are given back', 5000);
    expect(await ask()).toBe(200);
  });

  test.each(['AES256-GCM-SHA384', 'ECDHE-RSA-AES256-SHA384', 'ECDHE-RSA-AES128-SHA'])(
    'TLS 1.2 with %s is refused: no RSA key exchange, no CBC',
    async (ciphers) => {
      await expect(ask({ maxVersion: 'TLSv1.2', ciphers })).rejects.toThrow(/handshake failure|alert/);
    },
  );

  test('TLS 1.2 with forward secrecy and authenticated encryption is spoken', async () => {
    expect(await ask({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' })).toBe(200);
  });
});
