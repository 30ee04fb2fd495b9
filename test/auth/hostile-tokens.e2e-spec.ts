import { createHmac, constants, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { base64url, makeIssuerKey, publicJwk, type TokenOverrides } from '../lab/issuer/tokens.js';
import { exchange } from '../lab/network/raw-http.js';
import { blockedMilliseconds } from './event-loop.js';
import { startWhoAmI, type WhoAmI } from './who-am-i.js';

const now = (): number => Math.floor(Date.now() / 1000);
const member = '0b8a5e5c-6b1f-4d0b-9d2a-5f1c2e3d4a5b';

describe('a hostile token', () => {
  let issuer: IssuerServer;
  let service: WhoAmI;
  let trap: IssuerServer;

  beforeAll(async () => {
    issuer = await startIssuer();
    trap = await startIssuer();
    // Every unknown kid is looked for, and gets its answer.
    service = await startWhoAmI({ identityServerUri: issuer.uri, jwksCooldownSeconds: 0 });
  });

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
    await trap.stop();
  });

  const hmac = (secret: string | Buffer) => (text: string) => createHmac('sha256', secret).update(text).digest();

  it('is told from a good one, which names its member', async () => {
    await expect(service.ask(issuer.token())).resolves.toEqual({ status: 200, id: member });
    await expect(service.ask(issuer.token({ claims: { sub: member.toUpperCase() } }))).resolves.toMatchObject({
      id: member,
    });
  });

  it.each(['none', 'None', 'NONE', 'nOnE', ' none', 'rs256', 'RS384', 'RS512', 'PS256', 'ES256', 'EdDSA', ''])(
    'is refused with the algorithm "%s"',
    async (alg) => {
      const token = issuer.token({ header: { alg } });
      await expect(service.ask(token)).resolves.toMatchObject({ status: 401, reason: 'algorithm' });
    },
  );

  it.each(['none', 'RS256'])('is refused without a signature, algorithm %s', async (alg) => {
    const token = issuer.token({ header: { alg }, signer: () => Buffer.alloc(0) });
    await expect(service.ask(token)).resolves.toMatchObject({ status: 401, reason: 'malformed' });
  });

  it.each([1, null, true, ['RS256'], { alg: 'RS256' }])('is refused with the algorithm %j', async (alg) => {
    await expect(service.ask(issuer.token({ header: { alg } }))).resolves.toMatchObject({ status: 401 });
  });

  it('is refused when the public key was taken for an HMAC secret', async () => {
    const spki = { type: 'spki', format: 'pem' } as const;
    for (const secret of [
      issuer.key.publicKey.export(spki),
      issuer.key.publicKey.export({ type: 'pkcs1', format: 'pem' }),
      issuer.key.publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(publicJwk(issuer.key)),
    ]) {
      for (const alg of ['HS256', 'RS256']) {
        const token = issuer.token({ header: { alg }, signer: hmac(secret) });
        await expect(service.ask(token)).resolves.toMatchObject({ status: 401, code: 'TOKEN_INVALID' });
      }
    }
  });

  it('is refused with a PSS signature under the name RS256', async () => {
    const key = { key: issuer.key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING };
    const token = issuer.token({ signer: (text) => sign('sha256', Buffer.from(text), key) });
    await expect(service.ask(token)).resolves.toMatchObject({ status: 401, reason: 'signature' });
  });

  it.each([
    ['a path', '../../../../etc/passwd'],
    ['SQL', "x' OR '1'='1"],
    ['NUL', 'a\0b'],
    ['10 KB', 'k'.repeat(10_000)],
    ['a member of every object', '__proto__'],
    ['another one', 'constructor'],
  ])('is refused with %s as kid', async (_what, kid) => {
    const answer = await service.ask(issuer.token({ header: { kid } }));
    expect(answer).toMatchObject({ status: 401, reason: 'unknown-key' });
    expect(JSON.stringify(service.log)).not.toContain(kid);
  });

  it.each([[7], [null], [['a']], [{}]])('is refused with the kid %j', async (kid) => {
    await expect(service.ask(issuer.token({ header: { kid } }))).resolves.toMatchObject({ status: 401 });
  });

  it('never makes the service call out to jku or x5u, or trust the key it brings', async () => {
    const own = makeIssuerKey();
    trap.jwks.push(publicJwk(own));
    for (const header of [
      { jku: trap.jwksUri, kid: own.kid },
      { jku: trap.jwksUri, kid: issuer.key.kid },
      { x5u: trap.jwksUri, kid: own.kid },
      { jwk: publicJwk(own), kid: own.kid },
      { jwk: publicJwk(own), kid: undefined },
      { x5c: [base64url(own.publicKey.export({ type: 'spki', format: 'der' }))], kid: issuer.key.kid },
    ]) {
      await expect(service.ask(issuer.token({ header, key: own }))).resolves.toMatchObject({ status: 401 });
    }
    expect(trap.requests).toEqual([]);
  });

  it('is served when such headers only stand beside a good signature', async () => {
    const token = issuer.token({ header: { jku: trap.jwksUri, x5u: trap.jwksUri, jwk: publicJwk(makeIssuerKey()) } });
    await expect(service.ask(token)).resolves.toMatchObject({ status: 200 });
    expect(trap.requests).toEqual([]);
  });

  it.each([
    { crit: ['exp'], exp: 1 },
    { crit: ['unknown'] },
    { crit: [] },
    { crit: 'b64' },
    { b64: false },
    { b64: true },
  ])('is refused with the header %j', async (header) => {
    await expect(service.ask(issuer.token({ header }))).resolves.toMatchObject({ status: 401, reason: 'critical' });
  });

  it('is refused when header or claims name a member twice', async () => {
    const { kid } = issuer.key;
    const claims = (extra: string): string =>
      `{"iss":"${issuer.issuer}","exp":${now() + 600},"sub":"${member}","amr":["external"],"scope":["api"]${extra}}`;
    const good: TokenOverrides = { claimsText: claims(',  "spaced": 1.0, "sub-claims": {"sub": 1}') };
    await expect(service.ask(issuer.token(good))).resolves.toMatchObject({ status: 200 });
    for (const bad of [
      { headerText: `{"alg":"none","kid":"${kid}","alg":"RS256"}` },
      { headerText: `{"alg":"RS256","kid":"${kid}","kid":"${kid}"}` },
      { headerText: `{"alg":"none","kid":"${kid}","\\u0061lg":"RS256"}` },
      { claimsText: claims(',"sub":"11111111-1111-1111-1111-111111111111"') },
      { claimsText: claims(',"s\\u0075b":"11111111-1111-1111-1111-111111111111"') },
      { claimsText: claims(',"device":{"id":1,"id":2}') },
      { claimsText: claims(`,"deep":${'['.repeat(5000)}${']'.repeat(5000)}`) },
    ] satisfies TokenOverrides[]) {
      await expect(service.ask(issuer.token(bad))).resolves.toMatchObject({ status: 401, code: 'TOKEN_INVALID' });
    }
  });

  it('is refused in any form but the compact one', async () => {
    const [header = '', payload = '', signature = ''] = issuer.token().split('.');
    for (const token of [
      `${header}.${payload}.${signature}.x.y`, // JWE
      JSON.stringify({ payload, protected: header, signature }),
      JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
      `${header}.${payload}`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${header}.${payload}.${signature}=`,
      `${header}.${payload}.${signature} x`,
      `${header}.${payload}. `,
      'x',
      'a.b.c',
      '..',
    ]) {
      await expect(service.ask(token)).resolves.toMatchObject({ status: 401, reason: 'malformed' });
    }
  });

  it.each(['null', '[]', '"text"', '7', '{', ''])('is refused with the claims %j', async (claimsText) => {
    await expect(service.ask(issuer.token({ claimsText }))).resolves.toMatchObject({ status: 401 });
    await expect(service.ask(issuer.token({ headerText: claimsText }))).resolves.toMatchObject({ status: 401 });
  });

  it.each(['null', '[]', '"text"', '7', '{', '{"sub":}', ' '])(
    'is refused with the type JWT, for which its library reads them early, and the claims %j',
    async (claimsText) => {
      for (const signer of [undefined, () => Buffer.alloc(256, 1)]) {
        const token = issuer.token({ header: { typ: 'JWT' }, claimsText, ...(signer && { signer }) });
        await expect(service.ask(token)).resolves.toMatchObject({ status: 401, code: 'TOKEN_INVALID' });
        const unknown = issuer.token({ header: { typ: 'JWT', kid: 'unknown' }, claimsText });
        await expect(service.ask(unknown)).resolves.toMatchObject({ status: 401, code: 'TOKEN_INVALID' });
      }
    },
  );

  it.each(['http://identity.test/', 'http://Identity.test', 'HTTP://identity.test', 'http://identity.test:80', ''])(
    'is refused from the issuer "%s"',
    async (iss) => {
      await expect(service.ask(issuer.token({ claims: { iss } }))).resolves.toMatchObject({
        status: 401,
        reason: 'issuer',
      });
    },
  );

  it.each([
    ['expired beyond the skew', { exp: now() - 301 }, 'expired'],
    ['not valid until beyond the skew', { nbf: now() + 330 }, 'not-yet-valid'],
    ['with exp as text', { exp: String(now() + 60) }, 'claims'],
    ['with nbf as text', { nbf: String(now() - 60) }, 'claims'],
    ['without exp', { exp: undefined }, 'claims'],
    ['with exp null', { exp: null }, 'claims'],
    ['with nbf null', { nbf: null }, 'claims'],
    ['without iss', { iss: undefined }, 'claims'],
    ['with several issuers', { iss: ['http://identity.test'] }, 'claims'],
    ['without sub', { sub: undefined }, 'claims'],
    ['with a sub that is no GUID', { sub: 'someone' }, 'claims'],
    ['with a sub in braces', { sub: `{${member}}` }, 'claims'],
    ['with a sub and a line feed', { sub: `${member}\n` }, 'claims'],
    ['with two subs', { sub: [member] }, 'claims'],
  ])('is refused %s', async (_what, claims, reason) => {
    await expect(service.ask(issuer.token({ claims }))).resolves.toMatchObject({ status: 401, reason });
  });

  it('is refused when it never expires by overflow', async () => {
    const claimsText = `{"iss":"${issuer.issuer}","exp":1e999,"sub":"${member}","amr":["external"],"scope":["api"]}`;
    await expect(service.ask(issuer.token({ claimsText }))).resolves.toMatchObject({ status: 401, reason: 'claims' });
  });

  it.each([
    ['expired within the skew', { exp: now() - 200 }],
    ['valid from within the skew', { nbf: now() + 200 }],
    ['without nbf', { nbf: undefined }],
    ['of an API key', { amr: ['Application'] }],
    ['with amr as text', { amr: 'Application' }],
    ['with scope as text', { scope: 'offline_access api' }],
  ])('is served when it is a good one %s', async (_what, claims) => {
    await expect(service.ask(issuer.token({ claims }))).resolves.toMatchObject({ status: 200 });
  });

  it.each([
    [{ scope: ['apix'] }, 'scope'],
    [{ scope: 'apix xapi' }, 'scope'],
    [{ scope: 'API' }, 'scope'],
    [{ scope: [] }, 'scope'],
    [{ scope: undefined }, 'scope'],
    [{ amr: ['pwd'] }, 'amr'],
    [{ amr: 'externals' }, 'amr'],
    [{ amr: 'application' }, 'amr'],
    [{ amr: undefined }, 'amr'],
  ])('is good but not allowed with %j', async (claims, reason) => {
    const answer = await service.ask(issuer.token({ claims }));
    expect(answer).toMatchObject({ status: 403, code: 'SCOPE_INSUFFICIENT', reason });
  });

  it('is refused with one bit of the signature or the claims changed', async () => {
    const [header = '', payload = '', signature = ''] = issuer.token().split('.');
    const flipped = (part: string): string => {
      const bytes = Buffer.from(part, 'base64url');
      bytes[20] = (bytes[20] ?? 0) ^ 1;
      return base64url(bytes);
    };
    for (const token of [`${header}.${payload}.${flipped(signature)}`, `${header}.${flipped(payload)}.${signature}`]) {
      await expect(service.ask(token)).resolves.toMatchObject({ status: 401 });
    }
  });

  it.each([17_000, 64_000, 150_000])('of %d characters is refused within 50 ms of the event loop', async (size) => {
    const tokens = [
      issuer.token({ claims: { filler: 'x'.repeat(size) } }),
      `${'a'.repeat(size)}.b.c`,
      '.'.repeat(size),
      `${'a.'.repeat(size / 2)}!`,
    ];
    const blocked = await blockedMilliseconds(async () => {
      for (const token of tokens) {
        await expect(service.ask(token)).resolves.toMatchObject({ status: 401, reason: 'malformed' });
      }
    });
    expect(blocked).toBeLessThan(50);
  });

  it('costs at most 50 ms of the event loop just below the limit, however it is nested', async () => {
    const claimsText = (filler: string): string =>
      `{"iss":"${issuer.issuer}","exp":${now() + 600},"sub":"${member}", "filler":${filler}}`;
    const repeat = (text: string): string => text.repeat(Math.floor(5000 / text.length));
    const tokens = [
      `[${repeat('{"a":1},')}0]`,
      repeat('{"a":') + '0' + repeat('{"a":').replaceAll('{"a":', '}'),
      '['.repeat(5000),
    ]
      .map(claimsText)
      .map((text) => issuer.token({ claimsText: text }));
    const blocked = await blockedMilliseconds(async () => {
      for (const token of tokens) expect((await service.ask(token)).status).toBeGreaterThanOrEqual(401);
    });
    expect(blocked).toBeLessThan(50);
  });

  it('counts only in the one Authorization header', async () => {
    const token = issuer.token();
    await expect(service.ask(undefined)).resolves.toMatchObject({ status: 401, code: 'TOKEN_MISSING' });
    for (const headers of [{ authorization: 'Basic eDp5' }, { authorization: token }, { cookie: `token=${token}` }]) {
      await expect(service.askWith(headers)).resolves.toMatchObject({ status: 401, code: 'TOKEN_MISSING' });
    }
    const path = `/who-am-i?access_token=${token}&token=${token}`;
    await expect(service.askWith({}, path)).resolves.toMatchObject({ code: 'TOKEN_MISSING' });
    await expect(service.askWith({ authorization: `bEARER  ${token}` })).resolves.toMatchObject({ status: 200 });

    const twice = `GET /who-am-i HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nauthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`;
    const [answer] = await exchange(service.port, twice);
    expect(answer).toMatchObject({ status: 401, body: expect.stringContaining('"repeated"') });
  });

  it('leaves no token in the log', async () => {
    const token = issuer.token({ claims: { iss: 'http://elsewhere.test' } });
    await expect(service.ask(token)).resolves.toMatchObject({ status: 401, reason: 'issuer' });
    expect(JSON.stringify(service.log)).not.toContain(token.split('.')[1]);
  });
});
