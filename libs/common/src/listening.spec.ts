import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { assertNameIsOurs, hostToListenOn, listenAddress, listenFailure } from './listening.js';

const field = listenAddress('');

describe('an address to listen on', () => {
  it.each([
    ['*', '*'],
    ['+', '*'],
    [' 0.0.0.0 ', '0.0.0.0'],
    ['127.0.0.1', '127.0.0.1'],
    ['::', '::'],
    ['[::]', '::'],
    ['::0', '::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['[::1]', '::1'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['localhost', 'localhost'],
    ['key-connector.svc.cluster.local', 'key-connector.svc.cluster.local'],
  ])('may be written %s', (given, expected) => {
    expect(field.parse(given)).toBe(expected);
  });

  it.each([
    'http://+:5000',
    'http://0.0.0.0',
    '0.0.0.0:5000',
    '[::]:5000',
    '::]',
    '[localhost]',
    '300.1.2.3',
    '10.0.0',
    '10.0.0.0/8',
    '*:5000',
    '*.example',
    '-a',
    '',
  ])('is refused as %s, and the rule says what it may be', (given) => {
    expect(field.safeParse(given).error?.issues[0]?.message).toContain('* for all, without scheme and port');
  });
});

describe('listening', () => {
  const servers: Server[] = [];
  const listen = async (address: string, port = 0): Promise<AddressInfo> => {
    const server = createServer((socket) => socket.end());
    servers.push(server);
    server.listen(port, hostToListenOn(address));
    await once(server, 'listening');
    return server.address() as AddressInfo;
  };
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  const failure = async (host: string, port = 0): Promise<string> => {
    const error: unknown = await listen(host, port).catch((reason: unknown) => reason);
    const meaning = listenFailure(error, { branch: 'http', host, port });
    return (meaning as Error).message;
  };

  it('on every address is IPv6 with IPv4, or IPv4 alone where the machine has no more', async () => {
    expect(['::', '0.0.0.0']).toContain((await listen('*')).address);
  });

  describe('on a name of several addresses', () => {
    const addresses =
      (...all: string[]) =>
      () =>
        Promise.resolve(all.map((address) => ({ address })));
    const listenOnFirst = async (lookup: ReturnType<typeof addresses>): Promise<() => Promise<void>> => {
      const ours = await listen('127.0.0.1');
      const place = { branch: 'http', host: 'here', port: ours.port } as const;
      return () => assertNameIsOurs(place, [ours], lookup);
    };

    it('is refused where another process has the port on one of them', async () => {
      const check = await listenOnFirst(addresses('127.0.0.1', '127.0.0.2'));
      const { port } = servers[0]?.address() as AddressInfo;
      await listen('127.0.0.2', port);
      await expect(check()).rejects.toThrow(`http__port: port ${port} on here (127.0.0.2) is taken`);
    });

    it('goes on where nobody has, and where one is of another machine; the port stays free', async () => {
      const check = await listenOnFirst(addresses('127.0.0.1', '127.0.0.2', '192.0.2.1'));
      await expect(check()).resolves.toBeUndefined();
      await expect(check()).resolves.toBeUndefined();
    });
  });

  it('where that cannot be says which setting is to be changed, and keeps other errors as they are', async () => {
    const { port } = await listen('127.0.0.1');
    expect(await failure('127.0.0.1', port)).toMatch(new RegExp(`^http__port: port ${port} on 127.0.0.1 is taken`));
    expect(await failure('192.0.2.1')).toMatch(/^http__host: this machine has no address 192\.0\.2\.1/);
    expect(await failure('nowhere.invalid')).toMatch(/^http__host: .*nowhere\.invalid/);
    const other = new Error('other');
    expect(listenFailure(other, { branch: 'metrics', host: '*', port: 1 })).toBe(other);
  });
});
