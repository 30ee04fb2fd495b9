import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { useProxies } from './proxies.js';
import { SettingsInvalid } from './settings.errors.js';

describe('the proxies of the environment', () => {
  const asked: string[] = [];
  const answering = http.createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.end('from the proxy');
  });
  answering.on('connect', ({ url }, socket) => {
    asked.push(`CONNECT ${url ?? ''}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  const before = { ...process.env };
  const agents = [http.globalAgent, https.globalAgent] as const;
  let url: string;

  beforeAll(async () => {
    await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(answering.address() as AddressInfo).port}`;
    useProxies({ HTTP_PROXY: url, https_proxy: url, NO_PROXY: 'inside.example, .below.example,10.0.0.1' });
  });
  afterAll(() => {
    [http.globalAgent, https.globalAgent] = agents;
    for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'])
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    answering.closeAllConnections();
    answering.close();
  });

  const get = (client: typeof http | typeof https, target: string): Promise<string> =>
    new Promise((resolve) => {
      client
        .get(target, (response) => {
          response.resume().once('end', () => {
            resolve(String(response.statusCode));
          });
        })
        .once('error', (error) => {
          resolve(error.message);
        });
    });

  it('carry the calls of Node’s own agents, plain and TLS', async () => {
    await get(http, 'http://kms.example/path');
    await get(https, 'https://kms.example/');
    expect(asked.join('\n')).toContain('kms.example/path');
    expect(asked.join('\n')).toContain('CONNECT kms.example:443');
  });

  it('never stand before this machine or the addresses of cloud credentials', async () => {
    asked.length = 0;
    await get(http, `${url}/direct`);
    expect(asked).toEqual(['GET /direct']);
    expect(process.env['no_proxy']).toMatch(/^inside\.example,.*169\.254\.169\.254/);
  });

  it.each(['inside.example', 'kms.inside.example', 'below.example', 'kms.below.example'])(
    'never stand before what NO_PROXY names, nor before what is below it: %s',
    async (host) => {
      asked.length = 0;
      await get(https, `https://${host}/`);
      await get(http, `http://${host}/`);
      await fetch(`https://${host}/`).catch(() => undefined);
      expect(asked).toEqual([]);
    },
  );

  it('stand before a name that only ends like one of those', async () => {
    asked.length = 0;
    await get(https, 'https://notinside.example/');
    expect(asked).toEqual(['CONNECT notinside.example:443']);
  });

  it('are in the environment in both cases, for libraries that know one only', () => {
    expect(process.env).toMatchObject({ http_proxy: url, HTTP_PROXY: url, https_proxy: url, HTTPS_PROXY: url });
  });

  it.each([
    'http://user:s3cret@tail@proxy.example:3128',
    'http://user:1234/s3cret@proxy.example:3128',
    'http://user:1234?s3cret@proxy.example:3128',
    'http://user:1234#s3cret@proxy.example:3128',
    String.raw`http://user:1234\s3cret@proxy.example:3128`,
    'http://user:s3cret%@proxy.example:3128',
    'user:s3cret@tail@proxy.example:3128',
  ])('are refused where the end of the password is anybody’s guess, with how to write it: %s', (value) => {
    const wrong = (): void => {
      useProxies({ HTTPS_PROXY: value });
    };
    expect(wrong).toThrow(/HTTPS_PROXY: holds a character that must be escaped: .* @ as %40/);
    expect(wrong).not.toThrow(/s3cret|tail|1234/);
  });

  it('are refused by name, without their value, when they are no URL', () => {
    const wrong = (): void => {
      useProxies({ HTTPS_PROXY: 'user:s3cret@proxy' });
    };
    expect(wrong).toThrow(SettingsInvalid);
    expect(wrong).toThrow(/HTTPS_PROXY: must be the http\(s\) URL/);
    expect(wrong).not.toThrow(/s3cret/);
  });
});
