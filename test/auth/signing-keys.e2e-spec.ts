import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../lab/network/free-port.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { makeIssuerKey } from '../lab/issuer/tokens.js';
import { exchange } from '../lab/network/raw-http.js';
import { until } from '../lab/processes/until.js';
import { startWhoAmI, type WhoAmI } from './who-am-i.js';

const ok = { status: 200 };
const unavailable = { status: 503, code: 'ISSUER_UNAVAILABLE' };
const notFetchedYet = { ...unavailable, reason: 'key-not-fetched-yet' };
const unknownKey = { status: 401, reason: 'unknown-key' };

describe('the signing keys', () => {
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

  const unknown = (): string => issuer.token({ header: { kid: randomUUID() }, signer: () => Buffer.alloc(256, 1) });

  /** 10,000 tokens with a kid each, on ten connections, and what their answers have in common. */
  const flood = async (port: number): Promise<Record<string, number>> => {
    const request = (): string => `GET /who-am-i HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${unknown()}\r\n`;
    const counts: Record<string, number> = {};
    for (let connection = 0; connection < 10; connection += 1) {
      const requests = Array.from({ length: 1000 }, request).join('\r\n');
      for (const { status } of await exchange(port, `${requests}Connection: close\r\n\r\n`, 50_000)) {
        counts[status] = (counts[status] ?? 0) + 1;
      }
    }
    return counts;
  };

  it('are fetched once at start and not again while they are fresh', async () => {
    service = await startWhoAmI({ identityServerUri: issuer.uri });
    for (let count = 0; count < 20; count += 1) await expect(service.ask(issuer.token())).resolves.toMatchObject(ok);
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
    expect(service.signingKeys.status()).toEqual({
      ready: true,
      detail: expect.stringMatching(/^signing keys loaded/),
    });
  });

  it('are fetched once for all the tokens that wait for the same new key', async () => {
    const { ask } = (service = await startWhoAmI({ identityServerUri: issuer.uri }));
    issuer.rotate();
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(issuer.token())));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(issuer.fetches).toBe(2);
  });

  it('follow a rotation with one fetch, right after the start too', async () => {
    service = await startWhoAmI({ identityServerUri: issuer.uri });
    const old = issuer.token();
    issuer.rotate({ keepOld: true });
    await expect(service.ask(issuer.token())).resolves.toMatchObject(ok);
    await expect(service.ask(old)).resolves.toMatchObject(ok);
    expect(issuer.fetches).toBe(2);
  });

  it('are fetched at most once per cooldown for 10,000 unknown kids', async () => {
    const cooldown = 0.5;
    service = await startWhoAmI({ identityServerUri: issuer.uri, jwksCooldownSeconds: cooldown });
    const start = performance.now();
    const answered = await flood(service.port);
    expect(Object.keys(answered)).toEqual(['401', '503']);
    const seconds = (performance.now() - start) / 1000;
    expect(issuer.fetches).toBeGreaterThan(1);
    expect(issuer.fetches).toBeLessThanOrEqual(2 + Math.floor(seconds / cooldown));
  });

  it('that are published during a flood of made-up kids log nobody out: 503 until they may be fetched, then 200', async () => {
    service = await startWhoAmI({ identityServerUri: issuer.uri, jwksCooldownSeconds: 2 });
    const { ask } = service;
    const old = issuer.token();
    await expect(ask(unknown())).resolves.toMatchObject(unknownKey);
    issuer.rotate({ keepOld: true });
    const fresh = issuer.token();
    const { retryAfter, ...answer } = await ask(fresh);
    expect(answer).toMatchObject(notFetchedYet);
    expect([1, 2]).toContain(retryAfter);
    await expect(ask(unknown())).resolves.toMatchObject(notFetchedYet);
    await expect(ask(old)).resolves.toMatchObject(ok);
    expect(issuer.fetches).toBe(2);

    await sleep(1000 * (retryAfter ?? 0));
    await expect(ask(fresh)).resolves.toMatchObject(ok);
    expect(issuer.fetches).toBe(3);
  });

  it('are fetched at most once per cooldown while fetches fail, and no unknown kid is then called wrong', async () => {
    const cooldown = 0.5;
    service = await startWhoAmI({ identityServerUri: issuer.uri, jwksCooldownSeconds: cooldown });
    issuer.behave({ jwks: 'error' });
    const start = performance.now();
    await expect(flood(service.port)).resolves.toEqual({ 503: 10_000 });
    await expect(service.ask(issuer.token())).resolves.toMatchObject(ok);
    const seconds = (performance.now() - start) / 1000;
    expect(issuer.fetches).toBeGreaterThan(1);
    expect(issuer.fetches).toBeLessThanOrEqual(2 + Math.floor(seconds / cooldown));
  });

  it('are not fetched for an unknown kid right after the background refresh failed', async () => {
    service = await startWhoAmI({ identityServerUri: issuer.uri, jwksMaxAgeSeconds: 3, jwksCooldownSeconds: 3 });
    issuer.behave({ jwks: 'error' });
    await until(() => issuer.fetches === 2, 'the refresh has failed');
    await expect(service.ask(unknown())).resolves.toMatchObject(notFetchedYet);
    await expect(service.ask(unknown())).resolves.toMatchObject(notFetchedYet);
    expect(issuer.fetches).toBe(2);
  });

  it('at hand let forged tokens leave a trace while fetches fail, and good ones in', async () => {
    const { ask } = (service = await startWhoAmI({ identityServerUri: issuer.uri }));
    issuer.behave({ jwks: 'error' });
    const forged = issuer.token({ signer: () => Buffer.alloc(256, 1) });
    for (const token of [forged, forged, unknown()]) {
      const answer = await ask(token);
      expect(answer).toMatchObject(notFetchedYet);
      expect(answer.message).not.toContain('not available');
    }
    await expect(ask(issuer.token())).resolves.toMatchObject(ok);
    expect(issuer.fetches).toBe(2);
  });

  it('go on while the issuer is down, and follow its new key when it is back', async () => {
    const options = { jwksMaxAgeSeconds: 0.2, jwksCooldownSeconds: 0.2 };
    service = await startWhoAmI({ identityServerUri: issuer.uri, ...options });
    const token = issuer.token();
    await issuer.stop();
    const end = performance.now() + 1500;
    while (performance.now() < end) {
      await expect(service.ask(token)).resolves.toMatchObject(ok);
      await sleep(10);
    }
    await expect(service.ask(unknown())).resolves.toMatchObject(unavailable);
    expect(service.signingKeys.status().ready).toBe(true);
    expect(service.log).toContainEqual(
      expect.objectContaining({ msg: 'signing keys not refreshed, the old ones are kept' }),
    );

    issuer = await startIssuer({ port: Number(new URL(issuer.uri).port) });
    const { ask } = service;
    await until(async () => (await ask(issuer.token())).status === 200, 'the new key is accepted');
    // 503 for as long as the cooldown lets nobody look for it; never 200 again.
    const answers = [await ask(token)];
    await until(
      async () => answers.push(await ask(token)) > 0 && answers.at(-1)?.status !== 503,
      'the old key is judged',
    );
    expect(answers.at(-1)).toMatchObject(unknownKey);
    expect(answers.map(({ status }) => status)).not.toContain(200);
  });

  it('are not used beyond the stale limit: 503, not ready, and back when the issuer is', async () => {
    const options = { jwksMaxAgeSeconds: 0.2, jwksCooldownSeconds: 0.2, jwksStaleSeconds: 0.6 };
    const { ask, signingKeys } = (service = await startWhoAmI({ identityServerUri: issuer.uri, ...options }));
    issuer.behave({ discovery: 'error' });
    await until(async () => (await ask(issuer.token())).status === 503, 'the keys are too old');
    await expect(ask(issuer.token())).resolves.toMatchObject(unavailable);
    expect(signingKeys.status().ready).toBe(false);
    issuer.behave({ discovery: 'ok' });
    await until(async () => (await ask(issuer.token())).status === 200, 'the keys are fresh again');
    expect(signingKeys.status().ready).toBe(true);
  });

  it('that the issuer withdraws are refused within the cache age', async () => {
    service = await startWhoAmI({ identityServerUri: issuer.uri, jwksMaxAgeSeconds: 0.5, jwksCooldownSeconds: 30 });
    const old = issuer.token();
    await expect(service.ask(old)).resolves.toMatchObject(ok);
    issuer.rotate();
    const withdrawn = performance.now();
    const { ask } = service;
    await until(async () => (await ask(old)).status === 401, 'the old key is refused');
    // Long before the cooldown is over.
    expect(performance.now() - withdrawn).toBeLessThan(10_000);
  });

  it('make the service ready soon after an issuer that came later', async () => {
    const port = await freePort();
    const uri = `http://127.0.0.1:${port}`;
    service = await startWhoAmI({ identityServerUri: uri, jwksCooldownSeconds: 30 });
    await expect(service.ask(issuer.token())).resolves.toMatchObject(unavailable);
    expect(service.signingKeys.status()).toEqual({ ready: false, detail: 'signing keys not loaded yet' });
    expect(service.log).toContainEqual(
      expect.objectContaining({ msg: 'no signing keys yet', error: expect.stringContaining('ECONNREFUSED') }),
    );

    const late = await startIssuer({ port });
    try {
      const { signingKeys } = service;
      await until(() => signingKeys.status().ready, 'the keys are loaded', 3000);
      await expect(service.ask(late.token())).resolves.toMatchObject(ok);
    } finally {
      await late.stop();
    }
  });

  it('are asked for once, and in vain, by a token of another issuer that uses the same kid', async () => {
    service = await startWhoAmI({ identityServerUri: issuer.uri });
    const token = issuer.token({ key: makeIssuerKey(2048, issuer.key.kid) });
    await expect(service.ask(token)).resolves.toMatchObject({ status: 401, reason: 'signature' });
    expect(issuer.fetches).toBe(2);
  });

  describe.each([
    ['without a kid, as Vaultwarden writes tokens', { kid: undefined }],
    ['under the same kid', {}],
  ])('that are replaced %s', (_how, header) => {
    /** Another key in the place of the one that signed. */
    const replace = (): void => {
      issuer.rotate({ kid: issuer.key.kid });
    };

    it('are followed by the first token of the new key, with one fetch for all that come at once', async () => {
      const { ask } = (service = await startWhoAmI({ identityServerUri: issuer.uri }));
      const old = issuer.token({ header });
      await expect(ask(old)).resolves.toMatchObject(ok);
      replace();
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(issuer.token({ header }))));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(50);
      expect(issuer.fetches).toBe(2);
    });

    it('are not looked for twice in a cooldown: wrong signatures get 401, then 503, and good tokens 200', async () => {
      const { ask } = (service = await startWhoAmI({ identityServerUri: issuer.uri, jwksCooldownSeconds: 60 }));
      const forged = issuer.token({ header, signer: () => Buffer.alloc(256, 1) });
      await expect(ask(forged)).resolves.toMatchObject({ status: 401, reason: 'signature' });
      for (let count = 0; count < 10; count += 1) {
        await expect(ask(forged)).resolves.toMatchObject(notFetchedYet);
        await expect(ask(issuer.token({ header }))).resolves.toMatchObject(ok);
      }
      expect(issuer.fetches).toBe(2);
      replace();
      await expect(ask(issuer.token({ header }))).resolves.toMatchObject(notFetchedYet);
    });
  });

  it('are chosen without a kid only when there is one', async () => {
    service = await startWhoAmI({ identityServerUri: issuer.uri, jwksCooldownSeconds: 0 });
    const nameless = { header: { kid: undefined } };
    await expect(service.ask(issuer.token(nameless))).resolves.toMatchObject(ok);
    issuer.rotate({ keepOld: true });
    await expect(service.ask(issuer.token())).resolves.toMatchObject(ok);
    await expect(service.ask(issuer.token(nameless))).resolves.toMatchObject(unknownKey);
  });

  it('have their age and fetches in the metrics', async () => {
    service = await startWhoAmI({ identityServerUri: issuer.uri });
    const metrics = await service.metrics.registry.metrics();
    expect(metrics).toContain('key_connector_jwks_fetches_total{outcome="loaded"} 1');
    expect(metrics).toMatch(/key_connector_jwks_age_seconds 0\.\d+/);
  });
});
