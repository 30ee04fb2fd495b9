import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Behaviour } from '../lab/issuer/faults.js';
import { tlsCertificate } from '../lab/files/certificate.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { makeIssuerKey, publicJwk } from '../lab/issuer/tokens.js';
import { until } from '../lab/processes/until.js';
import { startWhoAmI, type WhoAmI } from './who-am-i.js';

const faults: Behaviour[] = ['error', 'html', 'redirect', 'drip', 'huge', 'hang', 'reset', 'array'];
/** Those that the service has to break off; `huge` would send 100 MB, of which sockets buffer a few. */
const endless: Behaviour[] = ['drip', 'huge', 'hang'];

describe('an issuer that misbehaves', () => {
  let issuer: IssuerServer;
  let service: WhoAmI | undefined;

  beforeEach(async () => {
    issuer = await startIssuer();
  });

  afterEach(async () => {
    await service?.stop();
    service = undefined;
    await issuer.stop();
  });

  const start = async (jwksCooldownSeconds = 0.1): Promise<WhoAmI> =>
    (service = await startWhoAmI({ identityServerUri: issuer.uri, fetchTimeoutSeconds: 1, jwksCooldownSeconds }));

  describe.each(['discovery', 'jwks'] as const)('at its %s endpoint', (endpoint) => {
    it.each(faults)('with "%s" is given up in time; the old keys stay', async (fault) => {
      const { ask } = await start();
      const old = issuer.token();
      issuer.behave({ [endpoint]: fault });
      issuer.rotate();
      const began = performance.now();
      await expect(ask(issuer.token())).resolves.toMatchObject({ status: 503, code: 'ISSUER_UNAVAILABLE' });
      // The default is 5 s, and the slow ones never end by themselves.
      expect(performance.now() - began).toBeLessThan(4500);
      await until(() => !endless.includes(fault) || issuer.hungUp.length > 0, 'the service hangs up');
      expect(Math.max(0, ...issuer.hungUp)).toBeLessThan(20e6);
      await expect(ask(old)).resolves.toMatchObject({ status: 200 });
      expect(issuer.requests.join()).not.toContain('/elsewhere');
      expect(service?.log).toContainEqual(
        expect.objectContaining({ error: expect.stringContaining(endpoint === 'jwks' ? issuer.jwksUri : issuer.uri) }),
      );
    });

    it.each(faults)('with "%s" from the start is 503, not ready, and never 401', async (fault) => {
      issuer.behave({ [endpoint]: fault });
      const { ask, signingKeys } = await start();
      await expect(ask(issuer.token())).resolves.toMatchObject({ status: 503, code: 'ISSUER_UNAVAILABLE' });
      expect(signingKeys.status().ready).toBe(false);
    });
  });

  it.each([
    ['discovery', 'identityServerUri'],
    ['jwks', '"jwks_uri"'],
  ])('with a redirect in place of its %s has its target and %s told', async (endpoint, setting) => {
    issuer.behave({ [endpoint]: 'redirect' });
    const { log } = await start();
    const { error } = log.find(({ msg }) => msg === 'no signing keys yet') ?? {};
    expect(error).toContain(`a redirect to "${issuer.uri}/elsewhere?***"`);
    expect(error).toContain(setting);
  });

  it.each([
    ['no issuer', { issuer: undefined }],
    ['an empty issuer', { issuer: '' }],
    ['no jwks_uri', { jwks_uri: undefined }],
    ['a file as jwks_uri', { jwks_uri: 'file:///etc/passwd' }],
    ['a relative jwks_uri', { jwks_uri: '/jwks' }],
    ['data as jwks_uri', { jwks_uri: 'data:application/json,{"keys":[]}' }],
  ])('with %s in its discovery document is not believed', async (_what, members) => {
    Object.assign(issuer.discovery, members);
    const { ask } = await start();
    await expect(ask(issuer.token())).resolves.toMatchObject({ status: 503 });
    expect(issuer.fetches).toBe(0);
  });

  it('may name an issuer and a JWKS host other than the configured URI', async () => {
    const keys = await startIssuer({ key: issuer.key });
    issuer.discovery['jwks_uri'] = keys.jwksUri;
    try {
      const { ask, log } = await start();
      await expect(ask(issuer.token())).resolves.toMatchObject({ status: 200 });
      await expect(ask(issuer.token({ claims: { iss: issuer.uri } }))).resolves.toMatchObject({ reason: 'issuer' });
      expect(log).toContainEqual({
        msg: expect.stringContaining('discovery document'),
        expected: `"${issuer.issuer}"`,
        came: `"${issuer.uri}"`,
      });
    } finally {
      await keys.stop();
    }
  });

  it('keeps its good keys beside entries that are foreign, weak, leaked or ambiguous', async () => {
    const [weak, leaked, twice, encrypting, pss] = [
      makeIssuerKey(512),
      ...Array.from({ length: 4 }, () => makeIssuerKey()),
    ];
    if (!leaked || !twice || !encrypting || !pss) throw new Error('keys are missing');
    issuer.jwks.push(
      { kty: 'oct', kid: 'oct', k: randomBytes(32).toString('base64url'), alg: 'RS256', use: 'sig' },
      { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid: 'ec' },
      publicJwk(weak),
      { ...leaked.privateKey.export({ format: 'jwk' }), kid: leaked.kid },
      publicJwk(twice),
      publicJwk(makeIssuerKey(2048, twice.kid)),
      { ...publicJwk(encrypting), use: 'enc' },
      { ...publicJwk(pss), alg: 'PS256' },
      { ...publicJwk(makeIssuerKey()), kid: 7 },
      { kty: 'RSA', kid: 'broken', n: '!', e: 'AQAB' },
      null,
      'text',
    );
    const { ask } = await start(0);
    await expect(ask(issuer.token())).resolves.toMatchObject({ status: 200 });
    for (const key of [weak, leaked, twice, encrypting, pss]) {
      await expect(ask(issuer.token({ key }))).resolves.toMatchObject({ status: 401, reason: 'unknown-key' });
    }
  });

  it('that is only sloppy is served: the same key twice, nulls, a certificate alone, a byte order mark', async () => {
    const { certificatePem, keyPem } = tlsCertificate();
    const certified = { ...makeIssuerKey(), privateKey: createPrivateKey(keyPem) };
    const twice = makeIssuerKey();
    const nothing = { use: null, alg: null, key_ops: null, x5t: null };
    const x5c = [certificatePem.replace(/-----[^-]+-----|\s/g, '')];
    issuer.jwks.splice(
      0,
      1,
      publicJwk(issuer.key),
      { ...publicJwk(issuer.key), ...nothing },
      publicJwk(twice),
      publicJwk(makeIssuerKey(2048, twice.kid)),
      { kty: 'RSA', kid: certified.kid, ...nothing, x5c },
    );
    issuer.behave({ discovery: 'byteOrderMark', jwks: 'byteOrderMark' });
    const { ask, log } = await start();
    await expect(ask(issuer.token())).resolves.toMatchObject({ status: 200 });
    await expect(ask(issuer.token({ key: certified }))).resolves.toMatchObject({ status: 200 });
    await expect(ask(issuer.token({ key: twice }))).resolves.toMatchObject({ status: 401, reason: 'unknown-key' });
    const told = log.filter(({ msg }) => msg === 'signing keys are left out');
    expect(told).toEqual([
      { msg: expect.any(String), from: expect.any(String), why: expect.stringContaining(`"kid" "${twice.kid}"`) },
    ]);
  });

  it('with a set that has no usable key is a failed fetch; the old keys stay', async () => {
    const { ask } = await start();
    const old = issuer.token();
    issuer.jwks.splice(0, 1, publicJwk(makeIssuerKey(1024)));
    await expect(ask(issuer.token({ key: makeIssuerKey() }))).resolves.toMatchObject({ status: 503 });
    await expect(ask(old)).resolves.toMatchObject({ status: 200 });
  });

  it('with more keys than any issuer has is not believed', async () => {
    const entry = publicJwk(issuer.key);
    issuer.jwks.push(...Array.from({ length: 100 }, (_, index) => ({ ...entry, kid: `k${index}` })));
    const { ask } = await start();
    await expect(ask(issuer.token())).resolves.toMatchObject({ status: 503 });
  });
});
