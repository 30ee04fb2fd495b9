import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tlsCertificate, type TlsCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { freePort } from '../lab/network/free-port.js';
import { until } from '../lab/processes/until.js';
import type { LogLine } from '../lab/service/log-reader.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';

describe('a listener whose certificate is renewed while it serves', () => {
  const first = tlsCertificate();
  let folder: TempFolder;
  let deployment: Deployment;
  let metricsPort: number;

  /** As the kubelet writes a Secret: a new folder, and one link that is swapped. */
  let version = 0;
  const mount = async ({ certificatePem, keyPem }: Partial<TlsCertificate>): Promise<void> => {
    const { path } = folder;
    version += 1;
    await mkdir(join(path, `..${version}`), { recursive: true });
    await writeFile(join(path, `..${version}`, 'tls.crt'), certificatePem ?? '');
    await writeFile(join(path, `..${version}`, 'tls.key'), keyPem ?? '');
    await symlink(`..${version}`, join(path, '..data_tmp'));
    await rename(join(path, '..data_tmp'), join(path, '..data'));
  };

  /** A handshake that trusts nobody, and what the listener showed. */
  const shown = async (): Promise<string> => {
    const socket = connect({ port: deployment.port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const isShown = async (pem: string): Promise<boolean> => (await shown()) === new X509Certificate(pem).fingerprint256;
  const metric = async (): Promise<string> => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return /key_connector_files_refused\{setting="http__tlsCertificatePath"\} (\d)/.exec(text)?.[1] ?? 'none';
  };

  beforeAll(async () => {
    metricsPort = await freePort();
    folder = await tempFolder('rotating-tls');
    await mount(first);
    for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(folder.path, name));
    deployment = await startDeployment({
      settings: {
        http__tlsCertificatePath: join(folder.path, 'tls.crt'),
        http__tlsKeyPath: join(folder.path, 'tls.key'),
        metrics__port: String(metricsPort),
        files__checkSeconds: '1',
      },
    });
  });
  afterAll(async () => {
    await deployment.stop();
    await folder.remove();
  });

  test('shows the new one to whoever comes, goes on with connections that are there, and loses no request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    const alive = (): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request({ port: deployment.port, host: '127.0.0.1', path: '/alive', agent }, (answer) => {
          answer.resume().on('end', () => {
            resolve(answer.statusCode ?? 0);
          });
        });
        sent.on('error', reject).end();
      });
    const state = { runs: true };
    const statuses = new Set<number>();
    const load = (async () => {
      while (state.runs) statuses.add(await alive());
    })();
    const newcomers = (async () => {
      while (state.runs) expect(await shown()).not.toBe('');
    })();
    const second = tlsCertificate();
    await mount(second);
    await until(() => isShown(second.certificatePem), 'the new certificate is shown');
    state.runs = false;
    await Promise.all([load, newcomers]);
    expect([...statuses]).toEqual([200]);
    // The one connection of the load was made before, and is still there.
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
    const [kept] = Object.values(agent.freeSockets).flat() as TLSSocket[];
    expect(kept?.getPeerX509Certificate()?.toString().trim()).toBe(first.certificatePem.replaceAll('\r', '').trim());
    agent.destroy();
  });

  test('refuses a key that is not the certificate’s with an alarm, shows the old one, and takes it once it fits', async () => {
    const before = await shown();
    const [third, other] = [tlsCertificate(), tlsCertificate()];
    await mount({ certificatePem: third.certificatePem, keyPem: other.keyPem });
    await until(async () => (await metric()) === '1', 'the alarm is raised');
    expect(await shown()).toBe(before);
    const told = (): readonly LogLine[] => deployment.service.logs.filter(({ level }) => level === 'error');
    await until(() => told().length > 0, 'the log says so');
    expect(told()).toEqual([expect.objectContaining({ context: 'Files', setting: 'http__tlsCertificatePath' })]);
    expect(JSON.stringify(told())).toContain('does not belong to the certificate');
    await mount(third);
    await until(() => isShown(third.certificatePem), 'the new certificate is shown', 20_000);
    expect(await metric()).toBe('0');
  });

  test('refuses a file that is no certificate, and goes on', async () => {
    const before = await shown();
    await mount({});
    await until(async () => (await metric()) === '1', 'the alarm is raised');
    expect(await shown()).toBe(before);
  });
});
