import { once } from 'node:events';
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
  /** Has fetch and agents do without proxies, as before: other specs run in this process too. */
  let restore: () => void;

  beforeAll(async () => {
    await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(answering.address() as AddressInfo).port}`;
    restore = http.setGlobalProxyFromEnv({ http_proxy: url, https_proxy: url, no_proxy: '*' });
    useProxies({ HTTP_PROXY: url, https_proxy: url, NO_PROXY: 'inside.example, .below.example,10.0.0.1' });
  });
  afterAll(() => {
    restore();
    [http.globalAgent, https.globalAgent] = agents;
    for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((one) => [
      one,
      one.toUpperCase(),
    ]))
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

  const anew = (variables: Record<string, string>): string[] => {
    asked.length = 0;
    // What an earlier test set is gone: no call goes through a proxy.
    http.setGlobalProxyFromEnv({ http_proxy: url, https_proxy: url, no_proxy: '*' });
    return useProxies(variables);
  };
  const ask = async (): Promise<string[]> => {
    await get(https, 'https://kms.example/');
    await get(http, 'http://kms.example/');
    await fetch('https://kms.example/').catch(() => undefined);
    await fetch('http://kms.example/').catch(() => undefined);
    return asked;
  };

  it.each<[string, (address: string) => Record<string, string>]>([
    ['without a scheme', (address) => ({ HTTP_PROXY: address, HTTPS_PROXY: address })],
    ['as ALL_PROXY', (address) => ({ ALL_PROXY: `http://${address}` })],
    ['as all_proxy without a scheme', (address) => ({ all_proxy: address })],
    ['as ALL_PROXY beside one', (address) => ({ https_proxy: `http://${address}`, ALL_PROXY: address })],
    ['with a user, without a scheme', (address) => ({ ALL_PROXY: `user:s3cret@${address}` })],
  ])('are taken %s', async (_, variables) => {
    anew(variables(new URL(url).host));
    expect(await ask()).toEqual([
      'CONNECT kms.example:443',
      'GET http://kms.example/',
      'CONNECT kms.example:443',
      'CONNECT kms.example:80',
    ]);
    expect(process.env).toMatchObject({
      https_proxy: expect.stringMatching('^http://'),
      HTTPS_PROXY: process.env['https_proxy'],
    });
  });

  it('are not looked at as ALL_PROXY where both others are given', () => {
    expect(() => anew({ HTTP_PROXY: url, HTTPS_PROXY: url, ALL_PROXY: 'socks5://proxy.example:1080' })).not.toThrow();
  });

  it.each([
    [{ NO_PROXY: '*' }],
    [{ no_proxy: 'other.example, *' }],
    [{ no_proxy: 'KMS.Example' }],
    [{ no_proxy: '*.example' }],
    [{ no_proxy: '.example' }],
    [{ no_proxy: 'kms.example:443,kms.example:80' }],
  ])('stand before nothing that %j names', async (variables) => {
    anew({ ALL_PROXY: url, ...variables });
    expect(await ask()).toEqual([]);
  });

  it('are gone from the environment of libraries that do not know the asterisk', () => {
    anew({ ALL_PROXY: url, NO_PROXY: '*' });
    expect(process.env).toMatchObject({ http_proxy: '', HTTPS_PROXY: '', ALL_PROXY: '' });
  });

  it('never stand before this machine’s IPv6, by fetch and by agents', async () => {
    const here = http.createServer((_, response) => response.end('direct')).listen(0, '::1');
    await once(here, 'listening');
    const address = `http://[::1]:${(here.address() as AddressInfo).port}/`;
    anew({ ALL_PROXY: url });
    expect(await (await fetch(address)).text()).toBe('direct');
    await get(http, address);
    expect(asked).toEqual([]);
    here.close();
  });

  it('are told where NO_PROXY has a range, which only one library knows', () => {
    expect(anew({ ALL_PROXY: url, NO_PROXY: '10.0.0.0/8,inside.example' })).toEqual([
      expect.stringMatching(/^NO_PROXY: ranges of addresses \(10\.0\.0\.0\/8\)/),
    ]);
    expect(anew({ ALL_PROXY: url, NO_PROXY: '10.0.0.1' })).toEqual([]);
  });

  it('are told where NO_PROXY has the URL of a proxy, whose password is not shown', () => {
    expect(anew({ ALL_PROXY: url, NO_PROXY: 'http://user:hunter2@proxy.example:3128/,fd00::/8' })).toEqual([
      expect.stringMatching(/^NO_PROXY: ranges of addresses \(fd00::\/8\)/),
      'NO_PROXY: an entry with a / counts for nothing; name hosts or domains.',
    ]);
  });

  it.each([
    ['HTTPS_PROXY', 'ftp://user:s3cret@proxy.example', /must be the http\(s\) URL of a proxy/],
    ['https_proxy', 'http://user:s3cret@', /must be the http\(s\) URL of a proxy/],
    ['HTTP_PROXY', 'http://user:s3cret@proxy.example:3128/squid', /must end after host and port/],
    ['HTTP_PROXY', 'socks5://user:s3cret@proxy.example:1080', /is a SOCKS proxy/],
    ['all_proxy', 'socks5h://user:s3cret@proxy.example:1080', /is a SOCKS proxy/],
    ['ALL_PROXY', 'SOCKS4://proxy.example', /is a SOCKS proxy/],
    ['ALL_PROXY', 'socks://proxy.example', /is a SOCKS proxy/],
  ])('are refused by name, without their value: %s=%s', (name, value, rule) => {
    const wrong = (): unknown => useProxies({ [name]: value });
    expect(wrong).toThrow(SettingsInvalid);
    expect(wrong).toThrow(rule);
    expect(wrong).toThrow(`${name.toUpperCase()}: `);
    expect(wrong).not.toThrow(/s3cret/);
  });
});
