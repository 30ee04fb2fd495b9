import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import forge from 'node-forge';
import { tlsCertificate } from '../../../test/lab/files/certificate.js';
import { fetchFailure } from './fetch.js';

describe('why a TLS connection failed', () => {
  const { caPem, certificatePem, keyPem } = tlsCertificate();
  const trusted = tls.getCACertificates('default');
  const servers: Server[] = [];
  const serve = async (cert: string): Promise<number> => {
    const server = createServer({ cert, key: keyPem }, (_, response) => response.end()).listen(0);
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const failure = (port: number, host = 'localhost'): Promise<string> =>
    fetch(`https://${host}:${port}`).then(
      () => 'none',
      (error: unknown) => fetchFailure(error),
    );

  /** The server's own key, signed by itself. */
  const selfSigned = (ends: Date): string => {
    const certificate = forge.pki.createCertificate();
    const key = forge.pki.privateKeyFromPem(keyPem);
    certificate.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
    certificate.serialNumber = '01';
    certificate.validity.notBefore = new Date(0);
    certificate.validity.notAfter = ends;
    certificate.setSubject([{ name: 'commonName', value: 'localhost' }]);
    certificate.setIssuer([{ name: 'commonName', value: 'localhost' }]);
    certificate.setExtensions([{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }]);
    certificate.sign(key, forge.md.sha256.create());
    return forge.pki.certificateToPem(certificate);
  };

  let [unknown, chain, own, expired] = [0, 0, 0, 0];
  beforeAll(async () => {
    unknown = await serve(certificatePem);
    chain = await serve(certificatePem + caPem);
    own = await serve(selfSigned(new Date(Date.now() + 86_400_000)));
    expired = await serve(selfSigned(new Date(86_400_000)));
  });
  afterEach(() => {
    tls.setDefaultCACertificates(trusted);
  });
  afterAll(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });

  it('names tls__extraCaPath where the authority is not known, or the certificate is its own', async () => {
    for (const port of [unknown, chain, own]) expect(await failure(port)).toContain('tls__extraCaPath');
  });

  it('does not name it where the certificate is for another name, or has expired', async () => {
    tls.setDefaultCACertificates([...trusted, caPem, selfSigned(new Date(86_400_000))]);
    const otherName = await failure(unknown, '127.0.0.2');
    expect(otherName).toContain('altnames');
    const ended = await failure(expired);
    expect(ended).toContain('expired');
    expect(otherName + ended).not.toContain('tls__extraCaPath');
  });
});
