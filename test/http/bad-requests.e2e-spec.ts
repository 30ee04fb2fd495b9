import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { collect, exchange, parseAnswers } from '../lab/network/raw-http.js';
import { freePort } from '../lab/network/free-port.js';
import { until } from '../lab/processes/until.js';

const goodKey = randomBytes(32).toString('base64');

describe('requests that are refused, as bytes on a socket', () => {
  let deployment: Deployment;
  let userId: string;
  let metricsPort: number;
  beforeAll(async () => {
    metricsPort = await freePort();
    deployment = await startDeployment({ settings: { metrics__port: String(metricsPort) } });
  });
  afterAll(() => deployment.stop());

  /** A request with a good token; every header can be replaced. */
  const request = (method: string, body: string | Uint8Array, headers: Record<string, string> = {}): Buffer => {
    userId = randomUUID();
    const all: Record<string, string> = {
      host: 'localhost',
      authorization: `Bearer ${deployment.token(userId)}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
      ...headers,
    };
    const head = Object.entries(all)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.concat([Buffer.from(`${method} /user-keys HTTP/1.1\r\n${head.join('')}\r\n`), Buffer.from(body)]);
  };

  /** Sends it, expects one refusal with this status and code, and nothing written. */
  const expectRefused = async (bytes: Uint8Array | string, status: number, code: string): Promise<void> => {
    const [answer] = await exchange(deployment.port, bytes);
    expect(answer?.status).toBe(status);
    expect(answer?.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ status, code });
    expect(answer?.body).not.toMatch(/at .*\.js|node_modules|stack/);
    expect((await deployment.call('GET', userId)).status).toBe(404);
  };

  describe('bodies', () => {
    test('over 4 KB by length: 413', async () => {
      await expectRefused(
        request('PUT', JSON.stringify({ key: goodKey, pad: 'x'.repeat(4096) })),
        413,
        'BODY_TOO_LARGE',
      );
    });

    test('over 4 KB in chunks: 413, and the rest is not read', async () => {
      const head = request('PUT', '', { 'content-length': '', 'transfer-encoding': 'chunked' });
      const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
      await expectRefused(Buffer.concat([head, Buffer.from(chunk.repeat(64))]), 413, 'BODY_TOO_LARGE');
    });

    test.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'x',
      '',
    ])('content type "%s": 415', async (type) => {
      await expectRefused(
        request('PUT', JSON.stringify({ key: goodKey }), { 'content-type': type }),
        415,
        'CONTENT_TYPE_UNSUPPORTED',
      );
    });

    test('a gzip bomb is not inflated: 415', async () => {
      const bomb = gzipSync(Buffer.alloc(1024 * 1024));
      await expectRefused(request('PUT', bomb, { 'content-encoding': 'gzip' }), 415, 'CONTENT_TYPE_UNSUPPORTED');
    });

    test.each([
      ['empty', ''],
      ['cut', '{"key":"'],
      ['deep', '['.repeat(1500) + ']'.repeat(1500)],
      ['an array', '["key"]'],
      ['null', 'null'],
      ['text', '"key"'],
      ['a number for a key', '{"key":1}'],
      ['null for a key', '{"key":null}'],
      ['an object for a key', '{"key":{"length":44}}'],
      ['no key', '{}'],
      ['a key that is there twice', `{"key":"${goodKey}","key":"${goodKey}"}`],
      ['a key that is there twice, once in escapes', `{"key":"${goodKey}","\\u006bey":"${goodKey}"}`],
      ['two spellings', JSON.stringify({ key: goodKey, Key: randomBytes(32).toString('base64') })],
      ['__proto__', `{"__proto__":{"polluted":true},"key":"${goodKey}"}`],
      ['constructor', `{"constructor":{"prototype":{"polluted":true}},"key":"${goodKey}"}`],
      ['constructor with anything', `{"constructor":1,"key":"${goodKey}"}`],
      ['a NUL byte', `{"key":"${goodKey}\u0000"}`],
    ])('JSON that is %s: 400, and no prototype is touched', async (_what, body) => {
      const [answer] = await exchange(deployment.port, request('PUT', body));
      expect(answer?.status).toBe(400);
      expect(JSON.parse(answer?.body ?? '')).toMatchObject({
        status: 400,
        code: expect.stringMatching(/^(BODY_MALFORMED|USER_KEY_INVALID)$/),
      });
      expect((await deployment.call('GET', userId)).status).toBe(404);
    });

    test.each([
      ['31 bytes', randomBytes(31).toString('base64')],
      ['33 bytes', randomBytes(33).toString('base64')],
      ['unpadded', goodKey.replace('=', '')],
      ['url-safe', Buffer.alloc(32, 0xff).toString('base64url') + '='],
      ['blanks', ` ${goodKey}`],
      ['line breaks', `${goodKey.slice(0, 20)}\\n${goodKey.slice(20)}`],
      ['no base64', '!'.repeat(44)],
      ['bits after the end', `${Buffer.alloc(32).toString('base64').slice(0, 42)}B=`],
      ['empty', ''],
    ])('a key that is %s: 400', async (_what, key) => {
      await expectRefused(request('PUT', `{"key":"${key}"}`), 400, 'USER_KEY_INVALID');
    });
  });

  describe('framing', () => {
    const raw = (lines: string[], end = '\r\n'): string => lines.join(end) + end + end;

    test.each([
      [
        'both length headers',
        ['POST /user-keys HTTP/1.1', 'Host: x', 'Content-Length: 4', 'Transfer-Encoding: chunked'],
      ],
      ['two lengths', ['POST /user-keys HTTP/1.1', 'Host: x', 'Content-Length: 4', 'Content-Length: 5']],
      ['a length that is no number', ['POST /user-keys HTTP/1.1', 'Host: x', 'Content-Length: 4x']],
      ['an unknown transfer coding', ['POST /user-keys HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked, gzip']],
      ['a blank before the colon', ['GET /user-keys HTTP/1.1', 'Host : x']],
      ['a folded header', ['GET /user-keys HTTP/1.1', 'Host: x', 'A: b', ' c']],
      ['NUL in a header', ['GET /user-keys HTTP/1.1', 'Host: x', 'A: \u0000']],
      ['no HTTP at all', ['hello']],
    ])('%s: 400 and closed', async (_what, lines) => {
      const [answer] = await exchange(deployment.port, raw(lines));
      expect(answer?.status).toBe(400);
      expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'REQUEST_MALFORMED' });
    });

    test('bare LF line ends: 400 and closed', async () => {
      const answers = await exchange(deployment.port, raw(['GET /alive HTTP/1.1', 'Host: x', 'A: b'], '\n'));
      expect(answers.map(({ status }) => status)).toEqual([400]);
    });

    test('headers over 16 KB: 431', async () => {
      const [answer] = await exchange(
        deployment.port,
        raw(['GET /alive HTTP/1.1', 'Host: x', `A: ${'x'.repeat(17 * 1024)}`]),
      );
      expect(answer?.status).toBe(431);
      expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'HEADERS_TOO_LARGE' });
    });

    test('a 64 KB token: 431', async () => {
      const [answer] = await exchange(
        deployment.port,
        raw(['GET /user-keys HTTP/1.1', 'Host: x', `Authorization: Bearer ${'a'.repeat(64 * 1024)}`]),
      );
      expect(answer?.status).toBe(431);
    });

    test.each([
      ['two Host headers', 'GET /alive HTTP/1.1\r\nHost: x\r\nhost: x\r\nConnection: close\r\n\r\n'],
      ['a Host that is a path', 'GET /alive HTTP/1.1\r\nHost: x/y\r\nConnection: close\r\n\r\n'],
      ['a Host with a blank', 'GET /alive HTTP/1.1\r\nHost: x y\r\nConnection: close\r\n\r\n'],
      ['a Host with a user', 'GET /alive HTTP/1.1\r\nHost: user@x\r\nConnection: close\r\n\r\n'],
      ['a Host with a port that is none', 'GET /alive HTTP/1.1\r\nHost: x:port\r\nConnection: close\r\n\r\n'],
      ['HTTP/2.0', 'GET /alive HTTP/2.0\r\nHost: x\r\nConnection: close\r\n\r\n'],
      ['HTTP/0.9', 'GET /alive HTTP/0.9\r\nHost: x\r\nConnection: close\r\n\r\n'],
      ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\nGET /alive HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a path that does not decode', 'GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
      ['no host', 'GET /alive HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ])('%s: 400 with a problem document', async (_what, bytes) => {
      const [answer] = await exchange(deployment.port, bytes);
      expect([answer?.status, answer?.headers['content-type']]).toEqual([400, 'application/problem+json']);
      expect(answer?.headers['cache-control']).toBe('no-store');
      const { code, requestId } = JSON.parse(answer?.body ?? '') as { code: string; requestId: string };
      expect(code).toBe('REQUEST_MALFORMED');
      const refused = { event: 'request', outcome: 'refused', reason: code, requestId };
      await until(() => deployment.service.output.includes(requestId), 'the refusal is in the log');
      expect(deployment.service.logs).toContainEqual(expect.objectContaining(refused));
    });

    test('clients that reset their connection behind a CONNECT end nothing but that', async () => {
      for (let round = 0; round < 100; round += 1) {
        const socket = connect(deployment.port, '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        socket.write('CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', () => socket.resetAndDestroy());
        await once(socket, 'close');
      }
      const [answer] = await exchange(deployment.port, 'GET /alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      expect(answer?.status).toBe(200);
    });

    test('a CONNECT behind a request is not taken for the answer to it', async () => {
      const get = request('GET', '', { 'content-type': '', connection: '' });
      const bytes = Buffer.concat([get, Buffer.from('CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n')]);
      const answers = await exchange(deployment.port, bytes);
      expect(answers.map(({ status }) => status)).not.toContain(400);
    });

    test.each(['localhost', 'key-connector.example.com:5000', '127.0.0.1:80', '[::1]:5000', '[::1]', 'x_y', ''])(
      'the host "%s" is taken',
      async (host) => {
        const bytes = `GET /alive HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
        expect((await exchange(deployment.port, bytes))[0]?.status).toBe(200);
      },
    );

    test('HTTP/1.0 is taken, without a host too, as proxies and load balancers speak it', async () => {
      expect((await exchange(deployment.port, 'GET /alive HTTP/1.0\r\n\r\n'))[0]?.status).toBe(200);
    });

    test('an expectation that cannot be met is 417 with a problem document', async () => {
      const [answer] = await exchange(
        deployment.port,
        raw(['PUT /user-keys HTTP/1.1', 'Host: x', 'Expect: miracles', 'Content-Length: 2']) + '{}',
      );
      expect([answer?.status, answer?.headers['cache-control']]).toEqual([417, 'no-store']);
      const { code, requestId } = JSON.parse(answer?.body ?? '') as { code: string; requestId: string };
      expect(code).toBe('EXPECTATION_FAILED');
      await until(() => deployment.service.output.includes(requestId), 'the refusal is in the log');
    });

    test('garbage behind a good request is never taken for the answer to that request', async () => {
      const [id, key] = [randomUUID(), randomBytes(32).toString('base64')];
      const body = JSON.stringify({ key });
      const put =
        `PUT /user-keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${deployment.token(id)}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const answers = await exchange(deployment.port, `${put}garbage\r\n\r\n`);
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    });

    test('a body that is never finished is no fault of the service', async () => {
      const socket = connect(deployment.port, '127.0.0.1');
      const id = randomUUID();
      socket.write(
        `PUT /user-keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${deployment.token(id)}\r\n` +
          'Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"k',
        () => socket.destroy(),
      );
      await collect(socket, 5000);
      const mark = (await (await fetch(`${deployment.url}/mark`)).json()) as { requestId: string };
      await until(() => deployment.service.output.includes(mark.requestId), 'the mark is in the log');
      expect(deployment.service.logs.filter(({ level }) => level === 'error')).toEqual([]);
    });
  });

  describe('methods and paths', () => {
    test.each(['DELETE', 'PATCH', 'TRACE', 'PROPFIND'])('%s on the keys is refused with 404 or 405', async (method) => {
      const [answer] = await exchange(
        deployment.port,
        `${method} /user-keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect([404, 405]).toContain(answer?.status);
    });

    test('methods that nobody has heard of make no series of metrics of their own', async () => {
      const odd = ['PROPFIND', 'MKCOL', 'PURGE', 'REBIND', 'SUBSCRIBE', 'BIND', 'M-SEARCH', 'LINK'];
      for (const method of odd) {
        await exchange(deployment.port, `${method} /user-keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      }
      const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const methods = new Set(
        [...metrics.matchAll(/request_duration_seconds_count\{method="([^"]*)"/g)].map((m) => m[1]),
      );
      expect(methods).toContain('other');
      expect(odd.filter((method) => methods.has(method))).toEqual([]);
    });

    test('405 names the methods that would do', async () => {
      const answer = await fetch(`${deployment.url}/user-keys`, { method: 'DELETE' });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, PUT']);
    });

    test('a method override is not followed', async () => {
      const [answer] = await exchange(
        deployment.port,
        request('POST', JSON.stringify({ key: goodKey }), { 'x-http-method-override': 'PUT' }),
      );
      expect(answer?.status).toBe(200);
      const [again] = await exchange(
        deployment.port,
        request('POST', JSON.stringify({ key: goodKey }), {
          'x-http-method-override': 'PUT',
          authorization: `Bearer ${deployment.token(userId)}`,
        }),
      );
      expect(again?.status).toBe(400);
    });

    test.each(['/', '/user-keys/x', '/User-Keys', '/../user-keys', '/user-keys%2f..', '/metrics', '/.env'])(
      '%s is not found',
      async (path) => {
        const [answer] = await exchange(
          deployment.port,
          `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
        );
        expect(answer?.status).toBe(404);
      },
    );
  });

  test('pipelined requests with different tokens each get their own key', async () => {
    const members = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const member = { id: randomUUID(), key: randomBytes(32).toString('base64') };
        await deployment.call('POST', member.id, member.key);
        return member;
      }),
    );
    const socket = connect(deployment.port, '127.0.0.1');
    const received = collect(socket, 15_000);
    socket.write(
      members
        .map(
          ({ id }, index) =>
            `GET /user-keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${deployment.token(id)}\r\n` +
            `Connection: ${index === members.length - 1 ? 'close' : 'keep-alive'}\r\n\r\n`,
        )
        .join(''),
    );
    const answers = parseAnswers(await received);
    expect(answers.map(({ body }) => JSON.parse(body) as unknown)).toEqual(members.map(({ key }) => ({ key })));
  });

  test.each([
    ['no JSON', '{"key'],
    ['JSON', JSON.stringify({ key: goodKey })],
  ])('a body that is %s is not looked at when the token is no good', async (_what, body) => {
    const [answer] = await exchange(deployment.port, request('PUT', body, { authorization: 'Bearer x.y.z' }));
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ status: 401, code: 'TOKEN_INVALID' });
  });

  test('a GET with a JSON content type and no body is answered', async () => {
    const answer = await deployment.call('GET', randomUUID());
    expect(answer.status).toBe(404);
  });

  test('every refusal leaves an audit line under its request id, and no line holds a key or a token', async () => {
    const json = JSON.stringify({ key: goodKey });
    const refused: Record<string, () => string | Uint8Array> = {
      BODY_TOO_LARGE: () => request('PUT', json.padEnd(5000)),
      CONTENT_TYPE_UNSUPPORTED: () => request('PUT', json, { 'content-type': 'text/plain' }),
      BODY_MALFORMED: () => request('PUT', json.slice(1)),
      USER_KEY_INVALID: () => request('PUT', '{"key":"no key"}'),
      REQUEST_MALFORMED: () => request('PUT', json, { 'transfer-encoding': 'chunked' }),
      HEADERS_TOO_LARGE: () => request('PUT', json, { 'x-padding': 'x'.repeat(17 * 1024) }),
      USER_KEY_NOT_FOUND: () => request('GET', ''),
      METHOD_NOT_ALLOWED: () => request('DELETE', '', { 'content-type': '' }),
      USER_KEY_ALREADY_STORED: () => request('POST', json, { authorization: `Bearer ${deployment.token(stored)}` }),
      USER_KEY_STORED_RECENTLY: () =>
        request('PUT', JSON.stringify({ key: otherKey }), { authorization: `Bearer ${deployment.token(stored)}` }),
      ROUTE_NOT_FOUND: () => request('GET', '').toString('latin1').replace('/user-keys', '/nowhere'),
      TOKEN_MISSING: () => request('GET', '', { authorization: '' }),
      TOKEN_INVALID: () => request('GET', '', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.' }),
    };
    // Of a token the log says more than the answer does.
    const auditedAs: Partial<Record<string, string>> = { TOKEN_MISSING: 'missing', TOKEN_INVALID: 'malformed' };
    const stored = randomUUID();
    const otherKey = randomBytes(32).toString('base64');
    expect((await deployment.call('POST', stored, goodKey)).status).toBe(200);
    const expected: { requestId: unknown; reason: string }[] = [];
    for (const [reason, bytes] of Object.entries(refused)) {
      const [answer] = await exchange(deployment.port, bytes());
      const problem = JSON.parse(answer?.body ?? '') as { code: unknown; requestId: unknown };
      expect(problem.code).toBe(reason);
      expected.push({ requestId: problem.requestId, reason: auditedAs[reason] ?? reason });
    }
    const audited = (): unknown[] =>
      deployment.service.logs
        .filter((line) => line['context'] === 'Audit' && line['outcome'] === 'refused')
        .map(({ requestId, reason }) => ({ requestId, reason }))
        .filter(({ requestId }) => expected.some((one) => one.requestId === requestId));
    // The log is written a moment after the answer.
    await until(
      () => audited().length >= expected.length,
      () => `every refusal is in the log, there are only ${JSON.stringify(audited())}`,
    );
    expect(audited()).toEqual(expected);
    expect(deployment.service.output).not.toContain(goodKey);
    expect(deployment.service.output).not.toMatch(/eyJ[\w-]+\.eyJ/);
  });
});
