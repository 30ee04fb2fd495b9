import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';

const webVault = 'https://vault.example.test';

describe('the wire contract', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment({
      settings: {
        webVaultUri: `${webVault}/`,
        http__basePath: '/key-connector',
        http__allowedOrigins: 'https://extra.example.test',
      },
    });
  });
  afterAll(() => deployment.stop());

  const aKey = (): string => randomBytes(32).toString('base64');
  const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(deployment.url + path, init);

  describe('/user-keys', () => {
    test('a stored key comes back byte for byte, in a body of exactly one member, and is not cached', async () => {
      const [userId, key] = [randomUUID(), aKey()];
      const stored = await deployment.call('POST', userId, key);
      expect([stored.status, await stored.text(), stored.headers.get('content-type')]).toEqual([200, '', null]);
      const read = await deployment.call('GET', userId);
      expect([read.status, await read.text()]).toEqual([200, JSON.stringify({ key })]);
      expect(read.headers.get('cache-control')).toBe('no-store');
      expect(read.headers.get('pragma')).toBe('no-cache');
      expect(read.headers.get('content-type')).toMatch(/^application\/json/);
    });

    test('HEAD is GET without the body', async () => {
      const [userId, key] = [randomUUID(), aKey()];
      await deployment.call('POST', userId, key);
      const [head, read] = [await deployment.call('HEAD', userId), await deployment.call('GET', userId)];
      expect([head.status, await head.text()]).toEqual([200, '']);
      for (const header of ['content-type', 'content-length', 'cache-control', 'pragma'])
        expect([header, head.headers.get(header)]).toEqual([header, read.headers.get(header)]);
      expect((await deployment.call('HEAD', randomUUID())).status).toBe(404);
      expect((await get('/user-keys', { method: 'HEAD' })).status).toBe(401);
    });

    test('POST never overwrites', async () => {
      const [userId, key] = [randomUUID(), aKey()];
      await deployment.call('POST', userId, key);
      const second = await deployment.call('POST', userId, aKey());
      expect(second.status).toBe(400);
      expect(await second.json()).toMatchObject({ code: 'USER_KEY_ALREADY_STORED', status: 400 });
      expect(await (await deployment.call('GET', userId)).json()).toEqual({ key });
    });

    test('PUT creates, with an empty 200, and replaces a young key by no other than itself', async () => {
      const [userId, key] = [randomUUID(), aKey()];
      for (let time = 1; time <= 2; time += 1) {
        const put = await deployment.call('PUT', userId, key);
        expect([put.status, await put.text(), put.headers.get('content-type')]).toEqual([200, '', null]);
      }
      const other = await deployment.call('PUT', userId, aKey());
      expect(other.status).toBe(400);
      expect(await other.json()).toMatchObject({ code: 'USER_KEY_STORED_RECENTLY', status: 400 });
      expect(await (await deployment.call('GET', userId)).json()).toEqual({ key });
    });

    test('a member without a key gets 404 with a problem document', async () => {
      const answer = await deployment.call('GET', randomUUID());
      expect(answer.status).toBe(404);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(await answer.json()).toEqual({
        type: 'urn:key-connector:problem:user-key-not-found',
        title: 'Not Found',
        status: 404,
        detail: expect.any(String),
        code: 'USER_KEY_NOT_FOUND',
        requestId: expect.any(String),
      });
    });

    test.each([
      '//user-keys',
      '/user-keys/',
      '/key-connector/user-keys',
      '/key-connector//user-keys',
      '//key-connector/user-keys',
    ])('%s is the same resource', async (path) => {
      const [userId, key] = [randomUUID(), aKey()];
      await deployment.call('POST', userId, key);
      const answer = await get(path, { headers: { authorization: `Bearer ${deployment.token(userId)}` } });
      expect(await answer.json()).toEqual({ key });
    });

    test('the upper-case member name of a write is taken too', async () => {
      const [userId, key] = [randomUUID(), aKey()];
      const headers = { authorization: `Bearer ${deployment.token(userId)}`, 'content-type': 'application/json' };
      const put = await get('/user-keys', { method: 'PUT', headers, body: JSON.stringify({ Key: key }) });
      expect(put.status).toBe(200);
      expect(await (await deployment.call('GET', userId)).json()).toEqual({ key });
    });

    test('a token in another case of the same user id is the same member', async () => {
      const [userId, key] = [randomUUID(), aKey()];
      await deployment.call('POST', userId.toUpperCase(), key);
      expect(await (await deployment.call('GET', userId)).json()).toEqual({ key });
    });

    test('no token is 401 with a challenge; a token without the scope is 403', async () => {
      const none = await get('/user-keys');
      expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      const bad = await get('/user-keys', { headers: { authorization: 'Bearer x.y.z' } });
      expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"']);
      const token = deployment.issuer.token({ claims: { scope: ['apix'] } });
      const scope = await get('/user-keys', { headers: { authorization: `Bearer ${token}` } });
      expect([scope.status, scope.headers.get('www-authenticate')]).toEqual([403, 'Bearer error="insufficient_scope"']);
    });
  });

  describe('about and health', () => {
    test.each(['/alive', '/now', '/key-connector/alive'])(
      '%s is the current UTC time as a JSON string',
      async (path) => {
        const answer = await get(path);
        expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
        const time: unknown = await answer.json();
        expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
        expect(Math.abs(Date.parse(String(time)) - Date.now())).toBeLessThan(60_000);
      },
    );

    test('/version names the version', async () => {
      expect(await (await get('/version')).json()).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    });

    test('/health is the text Healthy', async () => {
      const answer = await get('/health');
      expect([answer.status, await answer.text()]).toEqual([200, 'Healthy']);
      expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    });

    test('/health/ready says how each dependency is', async () => {
      const answer = await get('/health/ready');
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        status: 'ok',
        details: {
          boot: { status: 'up' },
          database: { status: 'up' },
          dataKeys: { status: 'up' },
          issuer: { status: 'up' },
        },
      });
      expect((await get('/health/live')).status).toBe(200);
    });
  });

  test.each([
    '/alive',
    '/now',
    '/version',
    '/health',
    '/health/live',
    '/health/ready',
    '/nowhere',
    '/user-keys',
    '/%zz',
  ])('the answer of %s is not to be stored', async (path) => {
    expect((await get(path)).headers.get('cache-control')).toBe('no-store');
  });

  describe('CORS', () => {
    const allMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
    const allHeaders = [
      'accept',
      'authorization',
      'content-type',
      'cache-control',
      'pragma',
      'device-type',
      'bitwarden-client-name',
      'bitwarden-client-version',
      'bitwarden-package-type',
    ];
    const preflight = (origin: string): Promise<Response> =>
      get('/user-keys', {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': allHeaders.join(','),
        },
      });
    const listIn = (answer: Response, header: string): string[] => answer.headers.get(header)?.split(/, */) ?? [];

    test.each([webVault, 'bw-desktop-file://bundle', 'https://extra.example.test'])(
      '%s may call, with credentials, with every method and header of the contract and no other',
      async (origin) => {
        const answer = await preflight(origin);
        expect(answer.status).toBe(204);
        expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
        expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
        expect(listIn(answer, 'access-control-allow-methods').sort()).toEqual(allMethods.sort());
        const headers = listIn(answer, 'access-control-allow-headers').map((header) => header.toLowerCase());
        expect(headers.sort()).toEqual(allHeaders.sort());
      },
    );

    test.each(['https://evil.example.test', `${webVault}.evil.test`, 'null', 'http://vault.example.test'])(
      '%s may not',
      async (origin) => {
        expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
      },
    );

    test('an error carries the CORS headers too, so that the web vault can read it', async () => {
      const answer = await get('/user-keys', { headers: { origin: webVault } });
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([401, webVault]);
    });
  });
});
