import { createPrivateKey } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Uri } from '@key-connector/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { tlsCertificate } from '../lab/files/certificate.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { type IssuerKey, makeIssuerKey } from '../lab/issuer/tokens.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { startWhoAmI, type WhoAmI } from './who-am-i.js';

describe('a server without discovery', () => {
  let issuer: IssuerServer;
  let folder: TempFolder;
  let service: WhoAmI | undefined;

  beforeAll(async () => {
    // As Vaultwarden writes it, which also leaves the kid out.
    issuer = await startIssuer({ issuer: 'https://vault.test|login' });
    folder = await tempFolder('auth');
  });

  afterEach(async () => {
    await service?.stop();
    service = undefined;
  });

  afterAll(async () => {
    await issuer.stop();
    await folder.remove();
  });

  const withPem = async (pem: string): Promise<WhoAmI> => {
    const publicKeyPath = join(folder.path, 'key.pem');
    await writeFile(publicKeyPath, pem);
    return (service = await startWhoAmI({ issuer: issuer.issuer, publicKeyPath }));
  };
  const token = (): string => issuer.token({ header: { kid: undefined, typ: 'JWT' } });

  it('is served by issuer and JWKS URI', async () => {
    service = await startWhoAmI({ issuer: issuer.issuer, jwksUri: new Uri(issuer.jwksUri) });
    await expect(service.ask(issuer.token())).resolves.toMatchObject({ status: 200 });
    await expect(service.ask(token())).resolves.toMatchObject({ status: 200 });
    expect(issuer.requests).not.toContain('/.well-known/openid-configuration');
  });

  it.each(['spki', 'pkcs1'] as const)(
    'is served by issuer and a %s public key file, without and with kid',
    async (type) => {
      const { ask } = await withPem(issuer.key.publicKey.export({ type, format: 'pem' }).toString());
      await expect(ask(token())).resolves.toMatchObject({ status: 200 });
      await expect(ask(issuer.token())).resolves.toMatchObject({ status: 200 });
      const forged = issuer.token({ header: { kid: undefined }, key: makeIssuerKey() });
      await expect(ask(forged)).resolves.toMatchObject({ status: 401, reason: 'signature' });
    },
  );

  it('is served by a public key file that was replaced from the first token of the new key on', async () => {
    const pemOf = (key: IssuerKey): string => key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const { ask } = await withPem(pemOf(issuer.key));
    await expect(ask(token())).resolves.toMatchObject({ status: 200 });
    const key = makeIssuerKey();
    await writeFile(join(folder.path, 'key.pem'), pemOf(key));
    await expect(ask(issuer.token({ header: { kid: undefined }, key }))).resolves.toMatchObject({ status: 200 });
    // The old key was not looked for since, and may come back.
    await expect(ask(token())).resolves.toMatchObject({ status: 503, reason: 'key-not-fetched-yet' });
  });

  it('is served by a certificate file too', async () => {
    const { certificatePem, keyPem } = tlsCertificate();
    const { ask } = await withPem(certificatePem);
    const key = { ...makeIssuerKey(), privateKey: createPrivateKey(keyPem) };
    await expect(ask(issuer.token({ key }))).resolves.toMatchObject({ status: 200 });
    await expect(ask(issuer.token())).resolves.toMatchObject({ status: 401, reason: 'signature' });
  });

  it.each([
    ['a private key', () => issuer.key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['a weak key', () => makeIssuerKey(1024).publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['something else', () => 'hello'],
  ])('is not served by a file with %s, and the log says why', async (_what, pem) => {
    const { ask, log } = await withPem(pem());
    await expect(ask(token())).resolves.toMatchObject({ status: 503 });
    expect(log).toContainEqual(expect.objectContaining({ error: expect.stringContaining('key.pem') }));
    expect(JSON.stringify(log)).not.toContain('BEGIN');
  });

  it('is not served by a file of 300 MB, of which little more than the limit is read', async () => {
    const publicKeyPath = join(folder.path, 'large.pem');
    await writeFile(publicKeyPath, '');
    await truncate(publicKeyPath, 300 * 1024 * 1024);
    const before = process.memoryUsage().rss;
    const { ask, log } = (service = await startWhoAmI({ issuer: issuer.issuer, publicKeyPath }));
    await expect(ask(token())).resolves.toMatchObject({ status: 503 });
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    expect(log).toContainEqual(
      expect.objectContaining({ error: expect.stringMatching(/large\.pem is larger than 256 KB/) }),
    );
  });

  it('has its log say which issuer was expected and which came, once in a while, and the answer neither', async () => {
    const settings = { issuer: 'https://vault.test/|login', jwksUri: new Uri(issuer.jwksUri) };
    const { ask, log } = (service = await startWhoAmI(settings));
    for (const iss of [issuer.issuer, 'https://other.test', issuer.issuer]) {
      const { message, ...answer } = await ask(issuer.token({ claims: { iss } }));
      expect(answer).toMatchObject({ status: 401, reason: 'issuer' });
      expect(message).not.toContain('vault.test');
    }
    expect(log.filter(({ came }) => came !== undefined)).toEqual([
      {
        msg: expect.stringContaining('auth__issuer'),
        expected: '"https://vault.test/|login"',
        came: '"https://vault.test|login"',
      },
    ]);
  });

  it('can be held to an audience and a token type', async () => {
    const { ask } = (service = await startWhoAmI({
      issuer: issuer.issuer,
      jwksUri: new Uri(issuer.jwksUri),
      audience: 'keys',
      tokenType: 'at+jwt',
    }));
    const claims = { aud: ['other', 'keys'] };
    await expect(ask(issuer.token({ claims }))).resolves.toMatchObject({ status: 200 });
    await expect(ask(issuer.token({ claims, header: { typ: 'application/AT+JWT' } }))).resolves.toMatchObject({
      status: 200,
    });
    await expect(ask(issuer.token())).resolves.toMatchObject({ status: 401, reason: 'audience' });
    await expect(ask(issuer.token({ claims: { aud: 'keysx' } }))).resolves.toMatchObject({ reason: 'audience' });
    for (const typ of ['JWT', undefined, 'id+jwt']) {
      await expect(ask(issuer.token({ claims, header: { typ } }))).resolves.toMatchObject({
        status: 401,
        reason: 'type',
      });
    }
  });

  it('with discovery after all must name the issuer that the settings pin', async () => {
    service = await startWhoAmI({ issuer: 'https://other.test', identityServerUri: issuer.uri });
    await expect(service.ask(issuer.token())).resolves.toMatchObject({ status: 503 });
  });
});
