import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type TempFolder, tempFolder } from '../../../test/lab/files/temp-folder.js';
import { run } from '../../../test/lab/processes/child-process.js';
import { fetchFailure } from './fetch.js';

const commands = [
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -subj /CN=ca -days 30',
  'req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.csr -subj /CN=localhost',
  'x509 -req -in own.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -days 30 -out issued.crt',
  'x509 -req -in own.csr -signkey own.key -extfile names -days 30 -out own.crt',
  'x509 -req -in own.csr -signkey own.key -extfile names -days -1 -out expired.crt',
];

describe('why a TLS connection failed', () => {
  const trusted = tls.getCACertificates('default');
  const servers: Server[] = [];
  let folder: TempFolder;
  const made = (name: string): Promise<string> => readFile(join(folder.path, name), 'latin1');
  beforeAll(async () => {
    folder = await tempFolder('ca-advice');
    await writeFile(join(folder.path, 'names'), 'subjectAltName=DNS:localhost\n');
    for (const command of commands) await run('openssl', command.split(' '), { cwd: folder.path });
  });
  afterEach(() => {
    tls.setDefaultCACertificates(trusted);
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });
  afterAll(() => folder.remove());

  /** What is said when a server shows these certificates. */
  const failure = async (certificates: readonly string[], host = 'localhost'): Promise<string> => {
    const cert = (await Promise.all(certificates.map(made))).join('');
    const server = createServer({ cert, key: await made('own.key') }, (_, response) => response.end()).listen(0);
    servers.push(server);
    await once(server, 'listening');
    return fetch(`https://${host}:${(server.address() as AddressInfo).port}`).then(
      () => 'none',
      (error: unknown) => fetchFailure(error),
    );
  };

  it.each([[['issued.crt']], [['issued.crt', 'ca.crt']], [['own.crt']]])(
    'names tls__extraCaPath where the authority is not known, or the certificate is its own: %j',
    async (certificates) => {
      expect(await failure(certificates)).toContain('tls__extraCaPath');
    },
  );

  it.each([
    ['is for another name', 'issued.crt', '127.0.0.1', 'altnames'],
    ['has expired', 'expired.crt', 'localhost', 'expired'],
  ])('does not name it where the certificate %s', async (_, certificate, host, said) => {
    tls.setDefaultCACertificates([...trusted, await made('ca.crt'), await made('expired.crt')]);
    const told = await failure([certificate], host);
    expect(told).toContain(said);
    expect(told).not.toContain('tls__extraCaPath');
  });
});
