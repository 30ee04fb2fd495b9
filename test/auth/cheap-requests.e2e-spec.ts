import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Uri } from '@key-connector/common';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { base64url, makeIssuerKey, publicJwk } from '../lab/issuer/tokens.js';
import { exchange } from '../lab/network/raw-http.js';
import { blockedMilliseconds } from './event-loop.js';
import { jsonShapes } from './json-shapes.js';
import { startWhoAmI, type WhoAmI } from './who-am-i.js';

/**
 * Milliseconds of the event loop that nobody takes at a stretch. The promise is 5 for all, on any machine; a request is
 * held to less here, so that one that comes near it on a slow machine is seen on a fast one.
 */
const LIMIT = { request: 2, issuer: 5 };
const RUNS = 50;

const expectCheap = async (work: () => Promise<unknown>, limit: number): Promise<void> => {
  await expect(blockedMilliseconds(work, limit, RUNS)).resolves.toBeLessThan(limit);
};

describe('a request without a good token', () => {
  let issuer: IssuerServer;
  let service: WhoAmI;

  beforeAll(async () => {
    issuer = await startIssuer();
    service = await startWhoAmI({ identityServerUri: issuer.uri });
  });

  afterAll(async () => {
    await service.stop();
    await issuer.stop();
  });

  const expectCheapRefusal = async (...headers: string[]): Promise<void> => {
    const request = ['GET /who-am-i HTTP/1.1', 'Host: x', ...headers, 'Connection: close', '', ''].join('\r\n');
    await expectCheap(async () => {
      const [answer] = await exchange(service.port, request);
      // 503 where another wrong signature has just had the keys fetched.
      expect([401, 503]).toContain(answer?.status);
    }, LIMIT.request);
  };
  const expectCheapToken = (token: string): Promise<void> => expectCheapRefusal(`Authorization: Bearer ${token}`);

  const signature = base64url(Buffer.alloc(256, 1));
  const goodHeader = (): string => base64url(JSON.stringify({ alg: 'RS256', kid: issuer.key.kid, typ: 'JWT' }));
  const goodClaims = base64url('{"sub":"0b8a5e5c-6b1f-4d0b-9d2a-5f1c2e3d4a5b"}');
  /** 11,900 characters are 15.9 KB in base64: what just goes into a token. The last is far beyond it. */
  const sizes = [1000, 11_900, 100_000];

  describe.each(sizes)('of %d characters', (size) => {
    it.each(Object.entries(jsonShapes(size)))('costs little with a header of %s', async (_shape, text) => {
      await expectCheapToken(`${base64url(text)}.${goodClaims}.${signature}`);
      await expectCheapToken(`${base64url(text.replace('{', '{"alg":"RS256",'))}.${goodClaims}.${signature}`);
    });

    it.each(Object.entries(jsonShapes(size)))('costs little with claims of %s', async (_shape, text) => {
      await expectCheapToken(`${goodHeader()}.${base64url(text)}.${signature}`);
    });

    it('costs little with a long signature', async () => {
      await expectCheapToken(`${goodHeader()}.${goodClaims}.${'A'.repeat(size)}`);
      await expectCheapToken(`${goodHeader()}.${goodClaims}.${'A'.repeat(size)}!`);
    });

    it.each([
      ['dots', (n: number) => '.'.repeat(n)],
      ['short parts', (n: number) => 'a.'.repeat(n / 2)],
      ['one part', (n: number) => 'A'.repeat(n)],
      ['two long parts', (n: number) => `${'A'.repeat(n / 2)}.${'A'.repeat(n / 2)}`],
      ['three long parts', (n: number) => `${'A'.repeat(n / 3)}.${'A'.repeat(n / 3)}.${'A'.repeat(n / 3)}`],
      ['no base64', (n: number) => '!'.repeat(n)],
      ['spaces inside', (n: number) => `a.b${' '.repeat(n)}.c`],
    ])('costs little when its token is %s', async (_what, token) => {
      await expectCheapToken(token(size));
    });

    it('costs little with an odd Authorization header', async () => {
      await expectCheapRefusal(`Authorization: Bearer${' '.repeat(size)}a.b.c`);
      await expectCheapRefusal(`Authorization: ${'Bearer '.repeat(size / 7)}`);
      await expectCheapRefusal(`Authorization: Basic ${'A'.repeat(size)}`);
      await expectCheapRefusal(`Authorization: ${'B'.repeat(size)}`);
      await expectCheapRefusal(...Array.from({ length: size / 25 }, () => 'Authorization: Bearer a.b.c').slice(0, 900));
    });
  });
});

describe('what an issuer answers', () => {
  let server: Server;
  let answer = Buffer.alloc(0);
  let issuer: IssuerServer;

  beforeAll(async () => {
    issuer = await startIssuer();
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await issuer.stop();
  });

  const size = 250_000;
  const many = <T>(length: number, entry: (n: number) => T): T[] => Array.from({ length }, (_, n) => entry(n));
  const jwk = publicJwk(makeIssuerKey());
  // Odd, and with its first bit set: a real one looks no different, and takes OpenSSL seconds.
  const modulus = randomBytes(1024).map((byte, n) => (n === 0 ? byte | 0x80 : n === 1023 ? byte | 1 : byte));
  const largest = { ...jwk, n: base64url(modulus) };
  const keys = (...entries: unknown[]): string => JSON.stringify({ keys: entries });

  it.each([
    ...Object.entries(jsonShapes(size)),
    ...Object.entries(jsonShapes(size)).map(([shape, text]) => [`${shape}, as keys`, text.replace('"x"', '"keys"')]),
    ['100 keys', keys(...many(100, (n) => ({ ...jwk, kid: n.toString() })))],
    ['100 keys of 8192 bits', keys(...many(100, (n) => ({ ...largest, kid: n.toString() })))],
    ['100 keys of one kid', keys(...many(100, () => jwk))],
    ['101 keys', keys(...many(101, (n) => ({ ...jwk, kid: n.toString() })))],
    ['a kid of 200 KB', keys({ ...jwk, kid: 'k'.repeat(200_000) })],
    ['certificate chains', keys(...many(20, () => ({ ...jwk, x5c: many(5, () => 'A'.repeat(2000)) })))],
    ['operations that are none', keys(...many(90, () => ({ ...jwk, key_ops: many(80, () => 0) })))],
    ['one key of 7,000 operations', keys({ ...jwk, key_ops: many(7000, () => 0) })],
    [
      'members that are all wrong',
      keys(...many(100, () => Object.fromEntries(Object.keys(jwk).map((name) => [name, 0])))),
    ],
    ['a modulus of 200 KB', keys({ ...jwk, n: 'A'.repeat(200_000) })],
  ])('costs little as a JWKS: %s', async (_shape, text = '') => {
    answer = Buffer.from(text);
    const jwksUri = new Uri(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const service = await startWhoAmI({ issuer: issuer.issuer, jwksUri });
    try {
      await expectCheap(() => service.signingKeys.prefetch(), LIMIT.issuer);
    } finally {
      await service.stop();
    }
  });

  it.each([
    ...Object.entries(jsonShapes(size)),
    ['a long issuer', JSON.stringify({ issuer: 'i'.repeat(size), jwks_uri: 'https://a.test/jwks' })],
    ['a long jwks_uri', JSON.stringify({ issuer: 'i', jwks_uri: `https://a.test/${'%41'.repeat(size / 4)}` })],
    ['a long host', JSON.stringify({ issuer: 'i', jwks_uri: `https://${'a.'.repeat(size / 2)}` })],
    ['a jwks_uri that is none', JSON.stringify({ issuer: 'i', jwks_uri: many(size / 3, () => 0) })],
  ])('costs little as a discovery document: %s', async (_shape, text = '') => {
    answer = Buffer.from(text);
    const identityServerUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const service = await startWhoAmI({ identityServerUri });
    try {
      await expectCheap(() => service.signingKeys.prefetch(), LIMIT.issuer);
    } finally {
      await service.stop();
    }
  });
});
